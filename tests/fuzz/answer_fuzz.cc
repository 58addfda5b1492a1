#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "openai/answer_reader.h"

// Any answer gets a verdict, the same one however it is cut, and a torn one is never stored unless
// [DONE] came. The first byte chooses the route and the body's kind, the second the form, the
// choices and the cuts; the rest is the body.

namespace {

using reprise::openai::AnswerJson;
using reprise::openai::AnswerReader;
using reprise::openai::Asked;
using reprise::openai::BodyEnd;
using reprise::openai::Route;
using reprise::openai::Verdict;

constexpr size_t kObjectBytesMax = 4096;

struct Case {
  Asked asked;
  bool stream;
  std::string_view body;
  BodyEnd end;
};

template <typename PieceSize>
Verdict judge(const Case& input, AnswerJson& json, PieceSize piece_size) {
  AnswerReader reader(input.asked, kObjectBytesMax, json);
  reprise::http::ResponseHead head;
  head.status = 200;
  head.framing = reprise::http::Framing::kChunked;
  head.fields.add("Content-Type", input.stream ? "text/event-stream" : "application/json");
  reader.on_head(head);
  std::string_view body = input.body;
  while (!body.empty()) {
    const std::string piece(body.substr(0, piece_size()));
    body.remove_prefix(piece.size());
    reader.on_body(piece);
  }
  Verdict verdict = reader.end(input.end);
  CHECK(input.end == BodyEnd::kIntact || !verdict.storable() || reader.done());
  return verdict;
}

void check_same(const Verdict& a, const Verdict& b) {
  CHECK(a.reason == b.reason && a.kind == b.kind && a.form == b.form);
  CHECK(a.model == b.model && a.finish_reason == b.finish_reason && a.usage == b.usage);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Case input;
  input.asked.route = static_cast<Route>((data[0] & 0x7f) % reprise::openai::kRouteCount);
  input.stream = (data[0] & 0x80) != 0;
  input.asked.form = {(data[1] & 1) != 0, (data[1] & 2) != 0, true};
  input.asked.choices = (data[1] >> 2) & 3;
  input.body = std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2);
  AnswerJson json;
  for (const BodyEnd end : {BodyEnd::kIntact, BodyEnd::kCut}) {
    input.end = end;
    const Verdict whole = judge(input, json, [&] { return input.body.size(); });
    check_same(judge(input, json, [] { return size_t{1}; }), whole);
    uint32_t state = data[1];
    check_same(judge(input, json,
                     [&] { return size_t{1} + ((state = state * 1103515245 + 12345) >> 16) % 99; }),
               whole);
  }
  return 0;
}
