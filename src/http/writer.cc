#include "http/writer.h"

#include <charconv>

#include "base/check.h"

namespace reprise::http {

namespace {

void write_number(std::string& out, uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void write_length(std::string& out, std::string_view name, uint64_t length) {
  out.append(name).append(": ");
  write_number(out, length);
  out.append(kCrlf);
}

template <typename Head>
void write_head_fields(std::string& out, const Head& head) {
  const bool counted = head.framing == Framing::kContentLength;
  bool length_due = counted;
  for (size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Field field = head.fields[i];
    const bool length = iequals(field.name, "content-length");
    if (length && length_due) {
      write_length(out, field.name, head.content_length);
      length_due = false;
    } else if ((!length || head.framing == Framing::kNone) &&
               !iequals(field.name, "transfer-encoding")) {
      write_field(out, field.name, field.value);
    }
  }
  if (length_due) write_length(out, "Content-Length", head.content_length);
  if (head.framing == Framing::kChunked) write_field(out, "Transfer-Encoding", "chunked");
  out.append(kCrlf);
}

}  // namespace

void write_head(std::string& out, const RequestHead& head) {
  write_request_line(out, head.method, head.target);
  write_head_fields(out, head);
}

void write_head(std::string& out, const ResponseHead& head) {
  write_status_line(out, head.status, head.reason);
  write_head_fields(out, head);
}

void write_request_line(std::string& out, std::string_view method, std::string_view target) {
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
}

void write_status_line(std::string& out, int status, std::string_view reason) {
  CHECK(status >= 100 && status <= 999);
  out.append("HTTP/1.1 ");
  write_number(out, static_cast<uint64_t>(status));
  out.append(" ").append(reason).append(kCrlf);
}

void write_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append(kCrlf);
}

void write_fields(std::string& out, const Fields& fields) {
  for (size_t i = 0; i < fields.size(); ++i) write_field(out, fields[i].name, fields[i].value);
}

ChunkHead::ChunkHead(size_t payload_bytes) {
  CHECK(payload_bytes > 0);
  char* end = std::to_chars(text_.data(), text_.data() + 16, payload_bytes, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  size_ = static_cast<uint8_t>(end - text_.data());
}

void write_last_chunk(std::string& out, const Fields& trailers) {
  out.append("0\r\n");
  write_fields(out, trailers);
  out.append(kCrlf);
}

}  // namespace reprise::http
