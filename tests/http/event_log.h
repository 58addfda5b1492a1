#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "http/parser.h"

namespace reprise::http {

inline std::string to_text(const Fields& fields) {
  std::string text;
  for (size_t i = 0; i < fields.size(); ++i) {
    text.append("[").append(fields[i].name).append("=").append(fields[i].value).append("]");
  }
  return text;
}

inline std::string to_text(Framing framing, uint64_t content_length) {
  switch (framing) {
    case Framing::kNone:
      return "none";
    case Framing::kContentLength:
      return "length:" + std::to_string(content_length);
    case Framing::kChunked:
      return "chunked";
    case Framing::kClose:
      return "close";
  }
  return "?";
}

inline std::string to_text(const RequestHead& head) {
  return head.method + " " + head.target + (head.version == Version::kHttp10 ? " 1.0 " : " 1.1 ") +
         to_text(head.framing, head.content_length) + (head.keep_alive ? " keep" : " last") +
         (head.upgrade ? " upgrade" : "") + (head.expect_continue ? " expect" : "") + " " +
         to_text(head.fields);
}

inline std::string to_text(const ResponseHead& head) {
  return std::to_string(head.status) + " '" + head.reason +
         (head.version == Version::kHttp10 ? "' 1.0 " : "' 1.1 ") +
         to_text(head.framing, head.content_length) + (head.keep_alive ? " keep " : " last ") +
         to_text(head.fields);
}

// RequestLog: what a parser told, as text that does not depend on how the body was cut.
class RequestLog final : public RequestParser::Handler {
 public:
  void on_head(const RequestHead& head) override { text += "head " + to_text(head) + "\n"; }
  void on_body(std::string_view piece) override { body.append(piece); }
  void on_end(const Fields& trailers) override {
    text += "body " + body + "\nend " + to_text(trailers) + "\n";
    body.clear();
  }
  std::string text;
  std::string body;
};

class ResponseLog final : public ResponseParser::Handler {
 public:
  void on_interim(const ResponseHead& head) override { text += "interim " + to_text(head) + "\n"; }
  void on_head(const ResponseHead& head) override { text += "head " + to_text(head) + "\n"; }
  void on_body(std::string_view piece) override { body.append(piece); }
  void on_end(const Fields& trailers) override {
    text += "body " + body + "\nend " + to_text(trailers) + "\n";
    body.clear();
  }
  std::string text;
  std::string body;
};

inline std::string position(size_t at, std::string_view input) {
  return "at " + (at == input.size() ? "end" : std::to_string(at)) + "\n";
}

inline std::string to_text(const ParseError& error) {
  return "error " + std::to_string(error.status) + " " + error.detail + "\n";
}

// Cuts: how input is fed: cut at each multiple of `step` bytes and at `split`.
struct Cuts {
  size_t split = 0;
  size_t step = size_t{1} << 30;

  // How many bytes to feed at `at`.
  size_t next(size_t at) const {
    const size_t size = step - at % step;
    return at < split ? std::min(size, split - at) : size;
  }
};

// What is told about all the messages of `input`.
inline std::string log_requests(std::string_view input, const HeadLimits& limits, Cuts cuts) {
  RequestLog log;
  RequestParser parser(limits, log);
  for (size_t at = 0; at < input.size();) {
    at += parser.feed(input.substr(at, cuts.next(at)));
    if (parser.state() == RequestParser::State::kFailed) {
      return log.text + "body " + log.body + "\n" + to_text(parser.error());
    }
    if (parser.state() == RequestParser::State::kEnded) {
      log.text += position(at, input);
      parser.next();
    }
  }
  return log.text + (parser.idle() ? "idle\n" : "open " + log.body + "\n");
}

// The same for responses, each answering `answering`; after the input the connection ends.
inline std::string log_responses(std::string_view input, const HeadLimits& limits,
                                 Answering answering, Cuts cuts) {
  ResponseLog log;
  ResponseParser parser(limits, log);
  parser.expect(answering);
  for (size_t at = 0; at < input.size();) {
    at += parser.feed(input.substr(at, cuts.next(at)));
    if (parser.state() == ResponseParser::State::kFailed) break;
    if (parser.state() == ResponseParser::State::kUpgraded) {
      return log.text + "upgraded " + position(at, input);
    }
    if (parser.state() == ResponseParser::State::kEnded) {
      log.text += position(at, input);
      parser.expect(answering);
    }
  }
  if (parser.idle()) return log.text + "idle\n";
  if (parser.finish()) return log.text + "finished\n";
  return log.text + "body " + log.body + "\n" + to_text(parser.error());
}

}  // namespace reprise::http
