// Whatever a request asks of the cache, in whosever words: no crash, what comes of it is within its
// bounds, and once it is stripped nothing is asked any more but a ttl, by what is not ours alone.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "openai/directives.h"

namespace reprise::openai {
namespace {

constexpr Alias kAliases[] = {Alias::kHelicone, Alias::kCloudflare, Alias::kPortkey,
                              Alias::kOpenrouter};

// One field a line: name, colon, value.
http::Fields fields_of(std::string_view text) {
  http::Fields fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields.add(line.substr(0, colon), http::trim(line.substr(colon + 1)));
  }
  return fields;
}

void check_bounds(const Directives& directives) {
  constexpr int64_t kTtlMsMax = kDeltaSecondsMax * 1000;
  // Our own words are bounded by a century.
  CHECK(!directives.ttl_ms || (*directives.ttl_ms >= 0 && *directives.ttl_ms <= 2 * kTtlMsMax));
  CHECK(directives.key.empty() || is_valid_label(directives.key));
  CHECK(directives.name_space.empty() || is_valid_label(directives.name_space));
  CHECK(std::is_sorted(directives.ignored.begin(), directives.ignored.end()));
  for (const std::string& name : directives.ignored) CHECK(!name.empty());
}

bool asks_nothing(const Directives& directives) {
  return !directives.no_cache && !directives.no_store && !directives.only_if_cached &&
         !directives.max_age_s && directives.key.empty() && directives.name_space.empty() &&
         directives.ignored.empty() && !directives.pace;
}

}  // namespace
}  // namespace reprise::openai

// The first byte says which gateways are understood.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace reprise::openai;
  if (size == 0) return 0;
  Aliases aliases;
  for (const Alias alias : kAliases) {
    if ((bytes[0] >> static_cast<unsigned>(alias) & 1) != 0) aliases.add(alias);
  }
  auto fields = fields_of({reinterpret_cast<const char*>(bytes) + 1, size - 1});
  const auto directives = parse_directives(fields, aliases);
  if (directives) check_bounds(*directives);
  strip_control_fields(Route::kChatCompletions, aliases, &fields);
  const auto after = parse_directives(fields, aliases);
  CHECK(after && asks_nothing(*after));
  return 0;
}
