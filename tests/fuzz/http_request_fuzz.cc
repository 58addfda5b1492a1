// Requests: what a parser tells does not depend on how its input is cut, and a request written anew
// from what was parsed is the same request to the next reader.
// Input: one byte that chooses limits, one that places a cut, then the bytes of a connection.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/event_log.h"
#include "http/forwarding.h"
#include "http/writer.h"

namespace {

using namespace reprise::http;

struct Message {
  RequestHead head;
  std::string body;
  Fields trailers;
  bool ended = false;
};

class Collector final : public RequestParser::Handler {
 public:
  void on_head(const RequestHead& head) override { messages.emplace_back().head = head; }
  void on_body(std::string_view piece) override { messages.back().body.append(piece); }
  void on_end(const Fields& trailers) override {
    messages.back().trailers = trailers;
    messages.back().ended = true;
  }
  std::vector<Message> messages;
};

std::vector<Message> parse(std::string_view input, const HeadLimits& limits) {
  Collector collector;
  RequestParser parser(limits, collector);
  while (!input.empty()) {
    input.remove_prefix(parser.feed(input));
    if (parser.state() != RequestParser::State::kEnded) break;
    parser.next();
  }
  return std::move(collector.messages);
}

std::string write(const Message& message) {
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
std::string essence(Message message) {
  message.head.fields.remove("content-length");
  message.head.fields.remove("transfer-encoding");
  return message.head.method + " " + message.head.target + " " +
         to_text(message.head.framing, message.head.content_length) + to_text(message.head.fields) +
         "\n" + message.body + "\n" + to_text(message.trailers);
}

void check_written_anew(Message message) {
  Fields& fields = message.head.fields;
  // It is written as HTTP/1.1, where Host is due; and no length tells CONNECT's reader anything.
  if (!fields.find("host")) fields.add("Host", "h");
  if (message.head.method == "CONNECT") fields.remove("content-length");
  const HeadLimits ample{.head_bytes_max = 1 << 20, .uri_bytes_max = 1 << 20, .fields_max = 1000};
  for (int pass = 0; pass < 2; ++pass) {
    const std::string text = write(message);
    const std::vector<Message> again = parse(text + "GET ", ample);
    CHECK(again.size() == 1 && again[0].ended);
    CHECK(essence(again[0]) == essence(message));
    strip_hop_by_hop(fields);  // the second pass: as it is forwarded
    CHECK(!fields.find("connection") && !fields.find("transfer-encoding"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  HeadLimits limits;
  if (bytes[0] % 2 == 1) limits = {.head_bytes_max = 128, .uri_bytes_max = 16, .fields_max = 4};
  const std::string whole = log_requests(input, limits, {});
  CHECK(log_requests(input, limits, {.step = 1}) == whole);
  CHECK(log_requests(input, limits, {.split = bytes[1]}) == whole);
  CHECK(log_requests(input, limits, {.split = bytes[1], .step = size_t{2} + bytes[0] / 2}) ==
        whole);
  for (const Message& message : parse(input, limits)) {
    if (message.ended) check_written_anew(message);
  }
  return 0;
}
