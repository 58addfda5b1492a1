#include "proxy/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

#include "base/check.h"
#include "openai/bypass.h"
#include "openai/endpoint.h"
#include "openai/verdict.h"

namespace reprise::proxy {
namespace {

using base::CacheResult;
using base::MetricTotals;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

static_assert(openai::kRouteCount <= base::kMetricRoutesMax);
static_assert(openai::kBypassReasonCount <= base::kMetricReasonsMax);
static_assert(openai::kNotStoredCount <= base::kMetricReasonsMax);

double seconds(uint64_t us) { return static_cast<double>(us) / 1e6; }

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return made;
}

// One more series of a counter or gauge.
void add(MetricFamily& to, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric series;
  series.label = std::move(labels);
  if (to.type == MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
  to.metric.push_back(std::move(series));
}

ClientMetric::Label label(std::string name, std::string_view value) {
  return {std::move(name), std::string(value)};
}

MetricFamily single(std::string name, std::string help, MetricType type, double value) {
  MetricFamily made = family(std::move(name), std::move(help), type);
  add(made, {}, value);
  return made;
}

// Other series appear only once they count something: a label pair that cannot be is noise.
bool expected(openai::Route route, CacheResult result) {
  return (route == openai::Route::kOther) == (result == CacheResult::kPassed);
}

MetricFamily requests(const MetricTotals& totals) {
  MetricFamily made =
      family("reprise_requests_total", "Requests by route and by how they were answered.",
             MetricType::Counter);
  for (size_t r = 0; r < openai::kRouteCount; ++r) {
    const auto route = static_cast<openai::Route>(r);
    for (size_t c = 0; c < base::kCacheResultCount; ++c) {
      const auto result = static_cast<CacheResult>(c);
      const uint64_t count = totals.requests(r, result);
      if (count == 0 && !expected(route, result)) continue;
      add(made,
          {label("route", openai::route_name(route)),
           label("cache", base::cache_result_name(result))},
          static_cast<double>(count));
    }
  }
  return made;
}

MetricFamily upstream_requests(const MetricTotals& totals) {
  MetricFamily made = family("reprise_upstream_requests_total",
                             "Requests sent upstream by the answer's status; error: none came.",
                             MetricType::Counter);
  for (int status = base::MetricCells::kStatusMin; status <= base::MetricCells::kStatusMax;
       ++status) {
    const uint64_t count = totals.upstream_answers(status);
    if (count == 0 && status != 200) continue;
    add(made, {label("status", std::to_string(status))}, static_cast<double>(count));
  }
  if (const uint64_t count = totals.upstream_other(); count > 0) {
    add(made, {label("status", "other")}, static_cast<double>(count));
  }
  add(made, {label("status", "error")}, static_cast<double>(totals.upstream_failures()));
  return made;
}

ClientMetric::Histogram histogram(const base::DurationTotals& totals) {
  ClientMetric::Histogram made;
  made.bucket.reserve(base::kDurationBuckets);
  for (size_t i = 0; i < base::kDurationBuckets; ++i) {
    made.sample_count += totals.buckets[i];
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = made.sample_count;
    bucket.upper_bound = i < base::kDurationBoundsUs.size()
                             ? seconds(base::kDurationBoundsUs[i])
                             : std::numeric_limits<double>::infinity();
    made.bucket.push_back(bucket);
  }
  made.sample_sum = seconds(totals.sum_us);
  return made;
}

template <typename DurationsOf>
MetricFamily durations(std::string name, std::string help, DurationsOf durations_of) {
  MetricFamily made = family(std::move(name), std::move(help), MetricType::Histogram);
  for (size_t c = 0; c < base::kCacheResultCount; ++c) {
    const auto result = static_cast<CacheResult>(c);
    ClientMetric series;
    series.label = {label("cache", base::cache_result_name(result))};
    series.histogram = histogram(durations_of(result));
    made.metric.push_back(std::move(series));
  }
  return made;
}

MetricFamily bypasses(const MetricTotals& totals) {
  MetricFamily made =
      family("reprise_bypass_total", "Requests that were neither looked up nor stored, and why.",
             MetricType::Counter);
  for (size_t reason = 0; reason < openai::kBypassReasonCount; ++reason) {
    const auto name = openai::bypass_name(static_cast<openai::BypassReason>(reason));
    add(made, {label("reason", name)}, static_cast<double>(totals.bypasses(reason)));
  }
  return made;
}

MetricFamily not_stored(const MetricTotals& totals) {
  MetricFamily made = family("reprise_not_stored_total", "Answers that were not stored, and why.",
                             MetricType::Counter);
  for (size_t reason = 0; reason < openai::kNotStoredCount; ++reason) {
    const auto name = openai::not_stored_name(static_cast<openai::NotStored>(reason));
    if (name.empty()) continue;  // no reason
    add(made, {label("reason", name)}, static_cast<double>(totals.not_stored(reason)));
  }
  return made;
}

void append_saved(std::vector<MetricFamily>& families, const Readings& readings) {
  MetricFamily tokens = family("reprise_saved_tokens_total",
                               "Prompt and completion tokens of answers that were not asked for "
                               "again, by the model that answered.",
                               MetricType::Counter);
  MetricFamily time =
      family("reprise_saved_seconds_total", "Time that those answers took when they were recorded.",
             MetricType::Counter);
  MetricFamily dollars =
      family("reprise_saved_usd_total",
             "Dollars that those answers would have cost; 0 for models without a known price.",
             MetricType::Counter);
  const auto add_model = [&](base::ModelId id, std::string_view name) {
    const base::SavedWork saved = readings.totals.saved(id);
    add(tokens, {label("model", name)},
        static_cast<double>(saved.prompt_tokens) + static_cast<double>(saved.completion_tokens));
    add(time, {label("model", name)}, seconds(static_cast<uint64_t>(saved.duration_us)));
    add(dollars, {label("model", name)}, static_cast<double>(saved.nano_usd) / 1e9);
  };
  CHECK(readings.models.size() <= base::ModelTable::kModelsMax);
  for (size_t id = 0; id < readings.models.size(); ++id) {
    add_model(static_cast<base::ModelId>(id), readings.models[id]);
  }
  add_model(base::ModelTable::kOther, "other");
  families.push_back(std::move(tokens));
  families.push_back(std::move(time));
  families.push_back(std::move(dollars));
}

// Bucket i holds the batches of up to 2^i names; whatever is larger is in the last one too.
ClientMetric::Histogram batch_sizes(const cache::MemcachedReadings& memcached) {
  ClientMetric::Histogram made;
  for (size_t i = 0; i < memcached.batches.size(); ++i) {
    made.sample_count += memcached.batches[i];
    ClientMetric::Bucket bucket;
    bucket.cumulative_count = made.sample_count;
    bucket.upper_bound = i + 1 < memcached.batches.size() ? static_cast<double>(uint64_t{1} << i)
                                                          : std::numeric_limits<double>::infinity();
    made.bucket.push_back(bucket);
  }
  made.sample_sum = static_cast<double>(memcached.batched_names);
  return made;
}

MetricFamily single(std::string name, std::string help, ClientMetric::Histogram histogram) {
  MetricFamily made = family(std::move(name), std::move(help), MetricType::Histogram);
  ClientMetric series;
  series.histogram = std::move(histogram);
  made.metric.push_back(std::move(series));
  return made;
}

void append_memcached_servers(std::vector<MetricFamily>& families,
                              const cache::MemcachedReadings& memcached) {
  MetricFamily up =
      family("reprise_memcached_server_up",
             "1 while the server answers, 0 before it first has and while it is left alone.",
             MetricType::Gauge);
  MetricFamily failures =
      family("reprise_memcached_server_failures_total",
             "Times that the server did not answer, or made no sense.", MetricType::Counter);
  for (const cache::MemcachedReadings::Server& server : memcached.servers) {
    add(up, {label("server", server.address)}, server.up ? 1 : 0);
    add(failures, {label("server", server.address)}, static_cast<double>(server.failures));
  }
  families.push_back(std::move(up));
  families.push_back(std::move(failures));
}

void add_result(MetricFamily& to, std::string_view result, uint64_t count) {
  add(to, {label("result", result)}, static_cast<double>(count));
}

void append_cassette(std::vector<MetricFamily>& families, const cache::CassetteReadings& cassette) {
  MetricFamily lookups =
      family("reprise_cassette_lookups_total",
             "Lookups in the cassette by their result; damaged: a file that cannot be used; "
             "timeout: the disk took too long; dropped: too many waited.",
             MetricType::Counter);
  add_result(lookups, "hit", cassette.hits);
  add_result(lookups, "miss", cassette.misses);
  add_result(lookups, "damaged", cassette.damaged);
  add_result(lookups, "timeout", cassette.timeouts);
  add_result(lookups, "dropped", cassette.dropped_lookups);
  families.push_back(std::move(lookups));
  MetricFamily stores = family("reprise_cassette_stores_total",
                               "Answers meant for the cassette by what became of them; dropped: "
                               "too much waited.",
                               MetricType::Counter);
  add_result(stores, "stored", cassette.stores);
  add_result(stores, "failed", cassette.failed_stores);
  add_result(stores, "dropped", cassette.dropped_stores);
  families.push_back(std::move(stores));
}

void append_memcached(std::vector<MetricFamily>& families,
                      const cache::MemcachedReadings& memcached) {
  MetricFamily lookups =
      family("reprise_memcached_lookups_total",
             "Lookups in Memcached by their result; failed: the server did not answer or was being "
             "left alone; dropped: too many waited.",
             MetricType::Counter);
  add_result(lookups, "hit", memcached.hits);
  add_result(lookups, "miss", memcached.misses);
  add_result(lookups, "failed", memcached.failed_lookups);
  add_result(lookups, "dropped", memcached.dropped_lookups);
  families.push_back(std::move(lookups));
  families.push_back(single("reprise_memcached_timeouts_total",
                            "Requests that went on without waiting for Memcached any longer.",
                            MetricType::Counter, static_cast<double>(memcached.timeouts)));
  MetricFamily stores =
      family("reprise_memcached_stores_total",
             "Answers meant for Memcached by what became of them; failed: the server did not take "
             "them or was being left alone; dropped: too much waited.",
             MetricType::Counter);
  add_result(stores, "stored", memcached.stores);
  add_result(stores, "failed", memcached.failed_stores);
  add_result(stores, "dropped", memcached.dropped_stores);
  families.push_back(std::move(stores));
  MetricFamily refused =
      family("reprise_memcached_refused_values_total",
             "Values from Memcached that could not be used, and why.", MetricType::Counter);
  for (size_t fault = 0; fault < memcached.refused.size(); ++fault) {
    add(refused, {label("reason", cache::value_fault_name(static_cast<cache::ValueFault>(fault)))},
        static_cast<double>(memcached.refused[fault]));
  }
  families.push_back(std::move(refused));
  families.push_back(single("reprise_memcached_batch_size",
                            "Names that one request to a Memcached server asked for.",
                            batch_sizes(memcached)));
  families.push_back(single("reprise_memcached_lookup_seconds",
                            "Time from a lookup's submission to its result.",
                            histogram(memcached.lookup_time)));
  append_memcached_servers(families, memcached);
}

void append_gauges(std::vector<MetricFamily>& families, const Readings& readings) {
  const auto gauge = [&](std::string name, std::string help, uint64_t value) {
    families.push_back(
        single(std::move(name), std::move(help), MetricType::Gauge, static_cast<double>(value)));
  };
  gauge("reprise_memory_bytes", "Bytes that the memory tier holds, overheads included.",
        readings.memory.bytes);
  gauge("reprise_memory_bytes_max", "Bytes that the memory tier may hold.",
        readings.memory.bytes_max);
  gauge("reprise_memory_entries", "Answers that the memory tier holds.", readings.memory.entries);
  families.push_back(single("reprise_evictions_total", "Answers that left memory for want of room.",
                            MetricType::Counter, static_cast<double>(readings.memory.evictions)));
  gauge("reprise_in_flight", "Answers on their way to clients.", readings.totals.streams());
  gauge("reprise_in_flight_recordings", "Answers being recorded.", readings.recordings.open);
  gauge("reprise_in_flight_bytes", "Bytes that open recordings hold.", readings.recordings.bytes);
  gauge("reprise_connections", "Open client connections.", readings.totals.connections());
  families.push_back(single("reprise_uptime_seconds", "Time since this process started.",
                            MetricType::Gauge, static_cast<double>(readings.uptime_us) / 1e6));
}

}  // namespace

std::string metrics_text(const Readings& readings) {
  const MetricTotals& totals = readings.totals;
  std::vector<MetricFamily> families;
  families.push_back(requests(totals));
  families.push_back(upstream_requests(totals));
  families.push_back(durations("reprise_request_seconds",
                               "Time from a request's head to its answer's last byte.",
                               [&](CacheResult result) { return totals.request_time(result); }));
  families.push_back(durations("reprise_first_byte_seconds",
                               "Time from a request's head to its answer's first byte.",
                               [&](CacheResult result) { return totals.first_byte_time(result); }));
  append_gauges(families, readings);
  if (readings.cassette) append_cassette(families, *readings.cassette);
  if (readings.memcached) append_memcached(families, *readings.memcached);
  families.push_back(not_stored(totals));
  families.push_back(bypasses(totals));
  append_saved(families, readings);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace reprise::proxy
