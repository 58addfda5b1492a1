// Whatever a request's body is: no crash, and what is canonical is its own canonical form, with the
// same key. Two texts, a line each, are read alike one after the other and alone.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "openai/request.h"

namespace reprise {
namespace {

// The outermost text survives a second reading as it is.
void check_normal_form(std::string_view body) {
  static base::JsonNormaliser first;
  static base::JsonNormaliser second;
  if (first.read(body) != base::JsonFault::kNone) return;
  CHECK(first.text().size() <= body.size());
  CHECK(second.read(first.text()) == base::JsonFault::kNone);
  CHECK(second.text() == first.text());
  for (const base::JsonNormaliser::Member& member : first.members()) {
    const std::string_view value = first.value(member);
    CHECK(base::json_value_size(value) == value.size());
  }
}

// A text is read alike whatever was read before it: here what ends in the first LF.
void check_next_text(std::string_view body) {
  const size_t end = body.find('\n');
  if (end == std::string_view::npos) return;
  base::JsonNormaliser alone;
  base::JsonNormaliser next;
  const base::JsonFault before = next.read_next(body.substr(0, end));
  CHECK(before == alone.read(body.substr(0, end)));
  const base::JsonFault fault = next.read_next(body.substr(end + 1));
  CHECK(fault == alone.read(body.substr(end + 1)));
  if (fault != base::JsonFault::kNone) return;
  CHECK(next.text() == alone.text());
  CHECK(next.members().size() == alone.members().size());
  for (size_t i = 0; i < next.members().size(); ++i) {
    CHECK(next.whole(next.members()[i]) == alone.whole(alone.members()[i]));
  }
}

void check_canonical_form(openai::Route route, std::string_view body) {
  static openai::QuestionReader reader;
  http::Fields fields;
  fields.add("Content-Type", "application/json");
  openai::QuestionInput input;
  input.route = route;
  input.target = "/v1/x";
  input.fields = &fields;
  input.body = body;
  const auto question = reader.read(input);
  if (!question) return;
  const openai::QuestionDetails details = reader.describe();
  input.body = details.canonical;
  const auto again = reader.read(input);
  CHECK(again.has_value());
  CHECK(again->key == question->key && again->proof == question->proof);
  CHECK(reader.describe().canonical == details.canonical);
}

}  // namespace
}  // namespace reprise

// The first byte picks the route.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const auto route =
      static_cast<reprise::openai::Route>(1 + bytes[0] % (reprise::openai::kRouteCount - 1));
  const std::string_view body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  reprise::check_normal_form(body);
  reprise::check_next_text(body);
  reprise::check_canonical_form(route, body);
  return 0;
}
