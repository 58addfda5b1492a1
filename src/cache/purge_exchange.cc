#include "cache/purge_exchange.h"

#include <array>
#include <optional>
#include <string>

#include "cache/purge_wire.h"

namespace reprise::cache {

namespace {
// Others write the same value; who loses a race merges and tries again.
constexpr int kAttemptsMax = 4;
}  // namespace

PurgeExchange::Outcome PurgeExchange::run(MemcachedClient& client, size_t item_bytes_max) {
  const size_t overhead = parts_.envelope.overhead_bytes();
  if (item_bytes_max <= overhead) return Outcome::kRefused;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const Outcome outcome = tell(client, item_bytes_max - overhead);
    if (outcome != Outcome::kChanged) return outcome;
  }
  return Outcome::kChanged;
}

PurgeExchange::Outcome PurgeExchange::tell(MemcachedClient& client, size_t payload_bytes_max) {
  const std::array<std::string, 1> names{parts_.envelope.name(parts_.purges_label)};
  std::string theirs;
  std::optional<uint64_t> cas;
  const bool asked = client.get(names, [&](size_t, std::string_view value, uint64_t version) {
    cas = version;
    std::string scratch;
    const auto payload = parts_.envelope.open(parts_.purges_label, value, &scratch);
    if (!payload) return parts_.counters.count_refused(payload.error());
    theirs = *payload;
  });
  if (!asked) return Outcome::kFailed;
  if (!theirs.empty()) {
    const auto times = decode_purge_times(theirs);
    if (times) parts_.purges.merge(*times);
    if (!times) parts_.counters.count_refused(times.error());
  }
  const PurgeTimes ours = parts_.purges.snapshot();
  if (!cas && ours == PurgeTimes{}) return Outcome::kTold;
  const std::string payload = encode_purge_times(ours, payload_bytes_max);
  if (payload == theirs) return Outcome::kTold;
  const std::string value = parts_.envelope.close(parts_.purges_label, payload);
  const Written written =
      cas ? client.cas(names[0], value, kNoExpiry, *cas) : client.add(names[0], value, kNoExpiry);
  switch (written) {
    case Written::kDone:
      return Outcome::kTold;
    case Written::kExists:
    case Written::kMissing:
      return Outcome::kChanged;
    case Written::kTooLarge:
    case Written::kNoRoom:
      return Outcome::kRefused;
    case Written::kFailed:
      return Outcome::kFailed;
  }
  return Outcome::kFailed;
}

}  // namespace reprise::cache
