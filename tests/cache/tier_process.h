#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cache/entries.h"
#include "cache/memcached_tier.h"
#include "servers/memcached_server.h"

namespace reprise::cache {

// How long what should happen may take. A passing test never waits this long.
inline constexpr int64_t kPatienceMs = 25'000;

// ShiftedClock: time passes by itself, and the wall clock shows what a test likes.
// Thread: any.
class ShiftedClock final : public base::Clock {
 public:
  explicit ShiftedClock(int64_t wall_us) : ahead_us_(wall_us - system_.monotonic_us()) {}

  int64_t monotonic_us() const override { return system_.monotonic_us(); }
  int64_t wall_us() const override { return system_.monotonic_us() + ahead_us_; }
  void advance_wall_us(int64_t us) { ahead_us_ += us; }

 private:
  base::SystemClock system_;
  std::atomic<int64_t> ahead_us_;
};

inline MemcachedAddress address_of(const servers::MemcachedServer& server) {
  return {"127.0.0.1", server.port()};
}

// Patient: waits for a server as long as it takes. Brisk: gives it up after a quarter of a second.
inline MemcachedTerms patient(std::vector<MemcachedAddress> servers) {
  MemcachedTerms terms;
  terms.servers = std::move(servers);
  terms.timeout_ms = kPatienceMs;
  terms.object_bytes_max = size_t{16} << 20;
  return terms;
}
inline MemcachedTerms brisk(std::vector<MemcachedAddress> servers) {
  MemcachedTerms terms = patient(std::move(servers));
  terms.timeout_ms = 20;
  return terms;
}

// Waits for something that no call waits for.
inline void eventually(std::string_view what, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "it never came to this: " << what;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// TierProcess: what one process of a fleet has of the shared tier.
// The questions of entries.h were asked a second after 1970, so that is when it lives.
struct TierProcess {
  static constexpr int64_t kWallUs = 10'000'000;

  explicit TierProcess(const MemcachedTerms& terms, int64_t wall_us = kWallUs)
      : clock(wall_us), envelope(sealer_of(terms)), tier(terms, {clock, purges, memory, models}) {}

  // Once every server has been met, so that it takes changes.
  void meet() {
    eventually("every server is met", [this] { return tier.tell_purges() == tier.servers(); });
  }

  std::shared_ptr<SharedRead> ask(const base::Digest128& home,
                                  const std::vector<ValueLabel>& labels) {
    auto job = std::make_shared<SharedRead>(nullptr);
    job->home = home;
    job->tally = SharedRead::Tally::kLookup;
    for (const ValueLabel& label : labels) job->want(label);
    tier.submit(job);
    return job;
  }
  std::shared_ptr<SharedRead> ask(const base::Digest128& key) {
    return ask(key, {{ValueKind::kEntry, key, {}, 0}});
  }
  // What ask() comes to.
  SharedJob::End fate(const base::Digest128& key) {
    const auto job = ask(key);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->end();
  }
  std::string found(const std::shared_ptr<const Entry>& entry) {
    const auto job = ask(entry->key);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return body_of(job->entry);
  }

  std::shared_ptr<SharedWrite> order(SharedWrite::Op op, const ValueLabel& label,
                                     std::string payload = {}, int64_t life_ms = 60'000) {
    auto job = std::make_shared<SharedWrite>(op, nullptr);
    job->home = label.subject;
    job->label = label;
    job->payload = std::move(payload);
    job->life_ms = life_ms;
    tier.submit(job);
    return job;
  }
  Written write(SharedWrite::Op op, const ValueLabel& label, std::string payload = {},
                int64_t life_ms = 60'000) {
    const auto job = order(op, label, std::move(payload), life_ms);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->written;
  }
  // A change that is only sent, and then something that is waited for: then it lies there.
  void set(const ValueLabel& label, std::string payload = {}, int64_t life_ms = 60'000) {
    EXPECT_EQ(write(SharedWrite::Op::kSet, label, std::move(payload), life_ms), Written::kDone);
    const ValueLabel nobodys{ValueKind::kPart, label.subject, {}, 0};
    EXPECT_EQ(write(SharedWrite::Op::kRemove, nobodys), Written::kMissing);
  }
  std::shared_ptr<SharedWrite> order_store(std::shared_ptr<const Entry> entry) {
    auto job = std::make_shared<SharedWrite>(SharedWrite::Op::kStoreEntry, nullptr);
    job->home = entry->key;
    job->entry = std::move(entry);
    tier.submit(job);
    return job;
  }
  Written store(std::shared_ptr<const Entry> entry) {
    const auto job = order_store(std::move(entry));
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->written;
  }

  std::string name_of(const base::Digest128& key) const {
    return envelope.name({ValueKind::kEntry, key, {}, 0});
  }
  uint64_t refused(ValueFault fault) const {
    return tier.read().refused[static_cast<size_t>(fault)];
  }
  bool is_up(size_t server = 0) const { return tier.read().servers[server].up; }

  static std::unique_ptr<const base::Sealer> sealer_of(const MemcachedTerms& terms) {
    return terms.secret.empty() ? nullptr : std::make_unique<const base::Sealer>(terms.secret);
  }

  ShiftedClock clock;
  PurgeRecord purges{clock};
  MemoryTier memory{size_t{64} << 20};
  base::ModelTable models;
  const Envelope envelope;  // the same as the tier's own
  MemcachedTier tier;
};

// A body that no compressor makes smaller.
inline std::string noise(size_t size, uint64_t seed = 1) {
  std::string body(size, '\0');
  for (char& byte : body) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(seed >> 56);
  }
  return body;
}

inline std::shared_ptr<const Entry> with_body(std::string_view name, std::string body,
                                              int64_t asked_at_us = 1'000'000) {
  SampleEntry entry(name, asked_at_us);
  entry.body = std::move(body);
  return std::move(entry).make();
}

}  // namespace reprise::cache
