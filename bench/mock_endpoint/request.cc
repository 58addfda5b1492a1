#include "bench/mock_endpoint/request.h"

#include <strings.h>

namespace reprise::bench {

namespace {
bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
}  // namespace

const std::string* Request::find(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (same_name(field, name)) return &value;
  }
  return nullptr;
}

RequestParser::RequestParser() {
  llhttp_settings_init(&settings_);
  settings_.on_url = [](llhttp_t* parser, const char* at, size_t size) {
    of(parser).request_.target.append(at, size);
    return 0;
  };
  settings_.on_header_field = on_field;
  settings_.on_header_value = on_value;
  settings_.on_headers_complete = on_headers_complete;
  settings_.on_body = [](llhttp_t* parser, const char* at, size_t size) {
    of(parser).request_.body.append(at, size);
    return 0;
  };
  settings_.on_message_complete = on_message_complete;
  llhttp_init(&parser_, HTTP_REQUEST, &settings_);
  parser_.data = this;
}

int RequestParser::on_field(llhttp_t* parser, const char* at, size_t size) {
  RequestParser& self = of(parser);
  if (std::exchange(self.value_open_, false)) self.request_.fields.emplace_back();
  self.request_.fields.back().first.append(at, size);
  return 0;
}

int RequestParser::on_value(llhttp_t* parser, const char* at, size_t size) {
  RequestParser& self = of(parser);
  self.value_open_ = true;
  self.request_.fields.back().second.append(at, size);
  return 0;
}

int RequestParser::on_headers_complete(llhttp_t* parser) {
  RequestParser& self = of(parser);
  self.request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  self.request_.http11 = parser->http_major == 1 && parser->http_minor == 1;
  self.expects_continue_ = self.request_.find("expect") != nullptr;
  return 0;
}

int RequestParser::on_message_complete(llhttp_t* parser) {
  RequestParser& self = of(parser);
  self.request_.keep_alive = llhttp_should_keep_alive(parser) != 0;
  self.complete_ = true;
  return HPE_PAUSED;
}

std::optional<size_t> RequestParser::feed(std::string_view bytes) {
  const llhttp_errno_t outcome = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (outcome == HPE_OK) return bytes.size();
  if (outcome != HPE_PAUSED) return std::nullopt;
  return static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
}

Request RequestParser::next() {
  complete_ = false;
  value_open_ = true;
  llhttp_resume(&parser_);
  return std::exchange(request_, Request{});
}

}  // namespace reprise::bench
