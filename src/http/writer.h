#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace reprise::http {

// Heads are written anew, never echoed, and always as HTTP/1.1 (RFC 9110 §2.5). All functions
// append to the caller's string, so a kept one makes them free of allocation.
//
// The framing fields on the wire are those of head.framing, whatever head.fields holds:
//   kContentLength  one Content-Length of content_length, where the first one stood, else at the
//   end kChunked        Transfer-Encoding: chunked, at the end kClose          neither kNone a
//   Content-Length stays (an answer to HEAD, a 304)
// Names and values must be valid (chars.h): what no parser has seen is checked by whoever made it.
void write_head(std::string& out, const RequestHead& head);
void write_head(std::string& out, const ResponseHead& head);

// The parts, for heads that are put together elsewhere.
void write_request_line(std::string& out, std::string_view method, std::string_view target);
void write_status_line(std::string& out, int status, std::string_view reason);
void write_field(std::string& out, std::string_view name, std::string_view value);
void write_fields(std::string& out, const Fields& fields);
inline constexpr std::string_view kCrlf = "\r\n";  // ends a head, and a chunk's payload

// ChunkHead: the line before a chunk's payload. kCrlf follows the payload.
class ChunkHead {
 public:
  explicit ChunkHead(size_t payload_bytes);  // > 0: a chunk of nothing would end the message
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 18> text_;
  uint8_t size_;
};

// The end of a chunked body.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
void write_last_chunk(std::string& out, const Fields& trailers);

}  // namespace reprise::http
