#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/model_table.h"
#include "cache/envelope.h"
#include "cache/memcached_client.h"
#include "cache/memcached_counters.h"
#include "cache/memcached_ring.h"
#include "cache/memory_tier.h"
#include "cache/purge_record.h"
#include "cache/server_health.h"
#include "cache/shared_job.h"
#include "cache/tier.h"

namespace reprise::cache {

// MemcachedTerms: what configuration says about the shared tier.
struct MemcachedTerms {
  std::vector<MemcachedAddress> servers;  // one at least
  int64_t timeout_ms = 20;                // how long a lookup may take
  std::string secret;                     // empty: values are plain
  std::string name_space;                 // whose purges are shared
  int64_t keep_ms = 0;                    // how long an entry is kept beyond its ttl
  size_t object_bytes_max = 0;            // of an answer's body
};

// SharedParts: what the tier works with. Everything outlives it; all of it takes any thread.
struct SharedParts {
  const base::Clock& clock;
  PurgeRecord& purges;
  MemoryTier& memory;  // what is found is remembered there as well
  base::ModelTable& models;
};

// MemcachedTier: the entries that a fleet of processes shares, in any number of Memcached servers.
//
// libmemcached blocks, so it never runs on a loop: each server has a reading and a writing lane,
// each a thread with a connection of its own, and a server that hangs holds up nobody else's keys.
// All values of one question lie on one server, which ketama finds by the entry's name. A server
// that fails is left alone for a growing pause; meanwhile its keys are misses at once.
//
// Tier's own calls wait, up to the timeout, store() apart; loops use submit().
//
// Owner: Server; outlives the workers. Thread: any.
class MemcachedTier final : public Tier {
 public:
  MemcachedTier(MemcachedTerms terms, const SharedParts& parts);
  ~MemcachedTier() override;
  MemcachedTier(const MemcachedTier&) = delete;
  MemcachedTier& operator=(const MemcachedTier&) = delete;

  std::shared_ptr<const Entry> find(const base::Digest128& key, const base::Sha256& proof) override;
  void store(std::shared_ptr<const Entry> entry) override;
  std::shared_ptr<const Entry> look_up(const base::Digest128& key) override;
  bool remove(const base::Digest128& key) override;

  // Each is settled exactly once, at once if its server is being left alone or its queue is full.
  // `home` is filled in.
  void submit(const std::shared_ptr<SharedRead>& job);
  void submit(const std::shared_ptr<SharedWrite>& job);
  // The same, but no lane need hear of it before the next tell_lanes(): what a loop's turn asks for
  // goes out together.
  void submit_quietly(const std::shared_ptr<SharedRead>& job);
  void tell_lanes();

  int64_t timeout_ms() const { return terms_.timeout_ms; }
  size_t servers() const { return lanes_.size(); }
  // Tells every server of the purges on record; how many of them know within the timeout.
  size_t tell_purges();
  // A request went on without waiting for its lookup any longer.
  void count_timeout() { counters_.add(counters_.timeouts); }
  MemcachedReadings read() const;

  // Writes what waits to be written, then takes no more. Until then nothing else may be submitted
  // on other threads.
  void flush();

 private:
  struct Lanes;
  enum class Tell : uint8_t { kNow, kLater };

  void submit(const std::shared_ptr<SharedRead>& job, Tell when);
  std::shared_ptr<const Entry> read_now(const base::Digest128& key, SharedRead::Promote promote);
  Lanes& lanes_of(const base::Digest128& home);

  MemcachedTerms terms_;  // without its secret, which only the envelope keeps
  const SharedParts parts_;
  const Envelope envelope_;
  const MemcachedRing ring_;
  MemcachedCounters counters_;
  std::vector<std::unique_ptr<Lanes>> lanes_;
};

}  // namespace reprise::cache
