#include "cache/cassette_purges.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/json_layout.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timestamp.h"
#include "cache/json_object_reader.h"
#include "openai/raw_json.h"

namespace reprise::cache {

namespace {

constexpr uint64_t kVersion = 1;

void write_times(std::string_view name, const std::vector<PurgeTime>& times,
                 base::JsonWriter& out) {
  out.key(name).begin_array();
  for (const PurgeTime& time : times) {
    out.begin_array().value(time.what.hex()).value(base::rfc3339_utc_us(time.at_us)).end_array();
  }
  out.end_array();
}

std::vector<PurgeTime> read_times(JsonObjectReader& in, std::string_view name, size_t count_max) {
  std::vector<PurgeTime> times;
  read_pairs(in, name, [&](std::string_view what, std::string_view at) -> std::string_view {
    if (times.size() == count_max) return "too many";
    PurgeTime time;
    const auto at_us = openai::is_json_string(at)
                           ? base::parse_rfc3339_utc(base::json_string_value(at))
                           : std::nullopt;
    const bool named = openai::is_json_string(what) &&
                       base::Digest128::from_hex(base::json_string_value(what), &time.what);
    if (!named || !at_us) return "expected [32 hex digits, time]";
    time.at_us = *at_us;
    times.push_back(time);
    return {};
  });
  std::ranges::sort(times, [](const PurgeTime& a, const PurgeTime& b) { return a.what < b.what; });
  return times;
}

}  // namespace

std::string encode_purges_file(const PurgeTimes& times) {
  base::JsonWriter out;
  out.begin_object().member("reprise_purges", kVersion).key("all");
  if (times.all_us > 0) {
    out.value(base::rfc3339_utc_us(times.all_us));
  } else {
    out.null();
  }
  write_times("scopes", times.scopes, out);
  write_times("entries", times.removals, out);
  out.end_object();
  return base::lay_out_json(std::move(out).take(), base::JsonLayout::kGathered, SIZE_MAX)
             .value_or(std::string()) +
         '\n';
}

base::Result<PurgeTimes> decode_purges_file(std::string_view text) {
  base::JsonNormaliser document;
  if (auto good = read_document(text, document); !good) return tl::unexpected(good.error());
  DocumentFault fault;
  JsonObjectReader in(document.text(), {}, fault);
  in.version("reprise_purges", kVersion);
  PurgeTimes times;
  if (openai::json_kind(in.take("all")) != openai::JsonKind::kNull) {
    times.all_us = in.time_us("all");
  }
  times.scopes = read_times(in, "scopes", PurgeRecord::kScopesMax);
  times.removals = read_times(in, "entries", PurgeRecord::kRemovalsMax);
  in.finish();
  if (fault.none()) return times;
  return base::fail(base::ErrorKind::kRefuse, std::move(fault).take());
}

CassettePurges::CassettePurges(const CassetteDirectory& directory, PurgeRecord& purges)
    : directory_(directory), purges_(purges) {
  const bool knew_nothing = purges_.version() == 0;
  merge_file();
  if (knew_nothing) kept_ = purges_.version();
}

void CassettePurges::merge_file() {
  const auto text = directory_.read(kName, kBytesMax);
  if (text && !*text) return;
  const auto times = text ? decode_purges_file(**text) : tl::unexpected(text.error());
  if (times) {
    purges_.merge(*times);
    return;
  }
  base::log::warn("cassette file cannot be used",
                  {{"file", directory_.path_of(kName)}, {"why", times.error().detail}});
}

void CassettePurges::keep() {
  merge_file();
  tried_ = purges_.version();
  const auto written = directory_.write(kName, encode_purges_file(purges_.snapshot()));
  if (written) {
    kept_ = tried_;
    return;
  }
  base::log::warn("cassette file not written",
                  {{"file", directory_.path_of(kName)}, {"why", written.error().detail}});
}

}  // namespace reprise::cache
