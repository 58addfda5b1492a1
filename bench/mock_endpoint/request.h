#pragma once

#include <llhttp.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::bench {

// Request: one whole request, body included.
struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool http11 = true;
  bool keep_alive = true;

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // Null unless the request has the field.
  const std::string* find(std::string_view name) const;
};

// RequestParser: llhttp, one whole request at a time.
// Owner: Connection. Thread: its loop.
class RequestParser {
 public:
  RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Consumes up to the end of one request and returns how much that was; nullopt if it is none.
  std::optional<size_t> feed(std::string_view bytes);

  // A whole request is there. next() takes it and goes on to the one behind it.
  bool complete() const { return complete_; }
  Request next();

  // True once for each request whose sender waits to be told to go on.
  bool take_expectation() { return std::exchange(expects_continue_, false); }

 private:
  static RequestParser& of(llhttp_t* parser) { return *static_cast<RequestParser*>(parser->data); }
  static int on_field(llhttp_t* parser, const char* at, size_t size);
  static int on_value(llhttp_t* parser, const char* at, size_t size);
  static int on_headers_complete(llhttp_t* parser);
  static int on_message_complete(llhttp_t* parser);

  llhttp_settings_t settings_;
  llhttp_t parser_;
  Request request_;
  bool value_open_ = true;  // the next piece of a name begins a new field
  bool complete_ = false;
  bool expects_continue_ = false;
};

}  // namespace reprise::bench
