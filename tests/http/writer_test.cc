#include "http/writer.h"

#include <gtest/gtest.h>

#include "http/event_log.h"

namespace reprise::http {
namespace {

std::string written(Framing framing, std::initializer_list<Fields::Field> fields) {
  ResponseHead head;
  head.status = 200;
  head.reason = "Fine";
  head.framing = framing;
  head.content_length = 12;
  for (const Fields::Field& field : fields) head.fields.add(field.name, field.value);
  std::string out;
  write_head(out, head);
  return out;
}

TEST(Writer, WritesAParsedRequestAnew) {
  RequestLog log;
  RequestParser parser(HeadLimits{}, log);
  parser.feed("POST /a?b HTTP/1.1\r\nhOST:a\r\nX:   y  \r\nContent-Length: 007\r\nEmpty:\r\n\r\n");
  std::string out = "before|";
  write_head(out, parser.head());
  EXPECT_EQ(out,
            "before|POST /a?b HTTP/1.1\r\nhOST: a\r\nX: y\r\nContent-Length: 7\r\nEmpty: \r\n\r\n");
}

TEST(Writer, FramesByTheHeadAndNotByItsFields) {
  const auto fields = {Fields::Field{"content-length", "5"},
                       {"X", "y"},
                       {"Content-Length", "6"},
                       {"Transfer-Encoding", "gzip"}};
  const std::string line = "HTTP/1.1 200 Fine\r\n";
  EXPECT_EQ(written(Framing::kContentLength, fields), line + "content-length: 12\r\nX: y\r\n\r\n");
  EXPECT_EQ(written(Framing::kChunked, fields),
            line + "X: y\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(written(Framing::kClose, fields), line + "X: y\r\n\r\n");
  EXPECT_EQ(written(Framing::kContentLength, {}), line + "Content-Length: 12\r\n\r\n");
  EXPECT_EQ(written(Framing::kNone, {{"Content-Length", "5"}}), line + "Content-Length: 5\r\n\r\n");
}

TEST(Writer, KeepsTheReasonVerbatim) {
  std::string out;
  write_status_line(out, 299, "");
  write_status_line(out, 404, " odd  one ");
  EXPECT_EQ(out, "HTTP/1.1 299 \r\nHTTP/1.1 404  odd  one \r\n");
}

TEST(Writer, FramesChunks) {
  EXPECT_EQ(ChunkHead(1).view(), "1\r\n");
  EXPECT_EQ(ChunkHead(0x1aF).view(), "1af\r\n");
  EXPECT_EQ(ChunkHead(SIZE_MAX).view(), "ffffffffffffffff\r\n");
  std::string out;
  write_last_chunk(out, Fields{});
  EXPECT_EQ(out, kLastChunk);
  Fields trailers;
  trailers.add("X", "y");
  out.clear();
  write_last_chunk(out, trailers);
  EXPECT_EQ(out, "0\r\nX: y\r\n\r\n");
}

TEST(Writer, AllocatesNothingIntoAWarmString) {
  RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.fields.add("Host", "a");
  std::string out;
  out.reserve(256);
  const char* const memory = out.data();
  write_head(out, head);
  EXPECT_EQ(out.data(), memory);
}

}  // namespace
}  // namespace reprise::http
