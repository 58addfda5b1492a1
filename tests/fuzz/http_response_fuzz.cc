// Responses: what a parser tells does not depend on how its input is cut, and an answer written
// anew from what was parsed is the same answer to the next reader. Input: one byte that chooses
// limits and the question, one that places a cut, then the bytes of a connection.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/event_log.h"
#include "http/writer.h"

namespace {

using namespace reprise::http;

class Collector final : public ResponseParser::Handler {
 public:
  void on_interim(const ResponseHead&) override {}
  void on_head(const ResponseHead& to) override { head = to; }
  void on_body(std::string_view piece) override { body.append(piece); }
  void on_end(const Fields& to) override {
    trailers = to;
    ended = true;
  }
  ResponseHead head;
  std::string body;
  Fields trailers;
  bool ended = false;
};

void parse_one(Collector& collector, std::string_view input, Answering answering,
               const HeadLimits& limits) {
  ResponseParser parser(limits, collector);
  parser.expect(answering);
  parser.feed(input);
  if (parser.state() != ResponseParser::State::kFailed) parser.finish();
}

std::string write(const Collector& message) {
  std::string out;
  write_head(out, message.head);
  if (message.head.framing != Framing::kChunked) return out + message.body;
  if (!message.body.empty()) {
    out.append(ChunkHead(message.body.size()).view()).append(message.body).append(kCrlf);
  }
  write_last_chunk(out, message.trailers);
  return out;
}

// All that must survive; the writer chooses the framing fields itself.
std::string essence(Collector message) {
  message.head.fields.remove("content-length");
  message.head.fields.remove("transfer-encoding");
  return std::to_string(message.head.status) + " " + message.head.reason + "\n" +
         to_text(message.head.framing, message.head.content_length) + to_text(message.head.fields) +
         "\n" + message.body + "\n" + to_text(message.trailers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  HeadLimits limits;
  if (bytes[0] % 2 == 1) limits = {.head_bytes_max = 128, .uri_bytes_max = 16, .fields_max = 4};
  constexpr Answering kQuestions[] = {Answering::kOther, Answering::kHead, Answering::kConnect};
  const Answering answering = kQuestions[bytes[0] / 2 % 3];
  const std::string whole = log_responses(input, limits, answering, {});
  CHECK(log_responses(input, limits, answering, {.step = 1}) == whole);
  CHECK(log_responses(input, limits, answering, {.split = bytes[1]}) == whole);
  CHECK(log_responses(input, limits, answering,
                      {.split = bytes[1], .step = size_t{2} + bytes[0] / 4}) == whole);

  Collector message;
  parse_one(message, input, answering, limits);
  if (!message.ended) return 0;
  Collector again;
  parse_one(again, write(message), answering,
            {.head_bytes_max = 1 << 20, .uri_bytes_max = 1, .fields_max = 1000});
  CHECK(again.ended);
  CHECK(essence(again) == essence(message));
  return 0;
}
