#include "proxy/stats_json.h"

#include <utility>

namespace reprise::proxy {
namespace {

using base::CacheResult;
using base::JsonWriter;

void write_requests(JsonWriter& json, const base::MetricTotals& totals) {
  json.key("requests").begin_object();
  for (size_t i = 0; i < base::kCacheResultCount; ++i) {
    const auto result = static_cast<CacheResult>(i);
    uint64_t sum = 0;
    for (size_t route = 0; route < base::kMetricRoutesMax; ++route) {
      sum += totals.requests(route, result);
    }
    json.member(base::cache_result_name(result), sum);
  }
  json.end_object();
}

void write_memory(JsonWriter& json, const Readings::Memory& memory) {
  json.key("memory").begin_object();
  json.member("entries", memory.entries).member("bytes", memory.bytes);
  json.member("bytes_max", memory.bytes_max).member("evictions", memory.evictions);
  json.end_object();
}

// Where there is no shared tier nobody was asked, so its zeros are true.
void write_memcached(JsonWriter& json, const cache::MemcachedReadings& memcached) {
  json.key("memcached").begin_object();
  write_memcached_servers(json, "servers", memcached);
  json.member("hits", memcached.hits).member("misses", memcached.misses);
  json.member("timeouts", memcached.timeouts).end_object();
}

void write_in_flight(JsonWriter& json, const Readings& readings) {
  json.key("in_flight").begin_object().member("streams", readings.totals.streams());
  json.member("recordings", readings.recordings.open);
  json.member("bytes", readings.recordings.bytes).end_object();
}

void write_saved(JsonWriter& json, const base::MetricTotals& totals) {
  base::SavedWork sum;
  for (size_t model = 0; model < base::ModelTable::kIds; ++model) {
    const base::SavedWork saved = totals.saved(static_cast<base::ModelId>(model));
    sum.prompt_tokens += saved.prompt_tokens;
    sum.completion_tokens += saved.completion_tokens;
    sum.duration_us += saved.duration_us;
    sum.nano_usd += saved.nano_usd;
  }
  json.key("saved").begin_object().member("prompt_tokens", sum.prompt_tokens);
  json.member("completion_tokens", sum.completion_tokens);
  json.member("usd", static_cast<double>(sum.nano_usd) / 1e9);
  json.member("seconds", static_cast<double>(sum.duration_us) / 1e6).end_object();
}

}  // namespace

void write_memcached_servers(JsonWriter& json, std::string_view name,
                             const cache::MemcachedReadings& memcached) {
  json.key(name).begin_array();
  for (const cache::MemcachedReadings::Server& server : memcached.servers) {
    json.begin_object().member("address", server.address);
    json.member("state", server.up ? "up" : "down").end_object();
  }
  json.end_array();
}

std::string stats_json(const Readings& readings) {
  JsonWriter json;
  json.begin_object().member("uptime_s", readings.uptime_us / 1'000'000);
  write_requests(json, readings.totals);
  write_memory(json, readings.memory);
  write_memcached(json, readings.memcached.value_or(cache::MemcachedReadings{}));
  write_in_flight(json, readings);
  write_saved(json, readings.totals);
  json.end_object();
  return std::move(json).take();
}

}  // namespace reprise::proxy
