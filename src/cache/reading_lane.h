#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cache/entry_item.h"
#include "cache/entry_wire.h"
#include "cache/lane_parts.h"
#include "cache/lane_queue.h"
#include "cache/purge_exchange.h"
#include "cache/shared_job.h"

namespace reprise::cache {

// ReadingLane: one thread that reads from one Memcached server: everything that waits goes out as
// one multi-get, so that the cost of a lookup falls as traffic rises. It also probes a server that
// is being left alone, and exchanges purges with it before anything else is read.
// Owner: MemcachedTier. Thread: any, but for what the thread itself does.
class ReadingLane {
 public:
  // Names that may wait, and that go into one multi-get.
  static constexpr size_t kWaitingMax = 16384;
  static constexpr size_t kBatchMax = 128;

  explicit ReadingLane(const LaneParts& parts);
  // Answers what still waits, if the server does.
  ~ReadingLane();
  ReadingLane(const ReadingLane&) = delete;
  ReadingLane& operator=(const ReadingLane&) = delete;

  using Tell = LaneQueue<SharedRead>::Tell;

  // False if the queue is full; the job is not settled then.
  [[nodiscard]] bool submit(std::shared_ptr<SharedRead> job, Tell when);
  void tell() { queue_.tell(); }

  // Has purges exchanged at once; see purges_told().
  uint64_t tell_purges();
  // Waits until the exchange that `ticket` names has been made. False if it was not.
  bool purges_told(uint64_t ticket, int64_t wait_ms);

 private:
  // Place: which value of which job a name stands for.
  struct Place {
    SharedRead* job;
    size_t label;
  };
  using Batch = std::vector<std::shared_ptr<SharedRead>>;

  void run();
  int64_t idle_us() const;
  void probe();
  bool exchange_is_due();
  void exchange_purges();
  void answer(Batch& batch);
  bool get(std::span<const Place> places);
  void take(const Place& place, std::string_view value);
  void take_entry(SharedRead& job, std::string_view payload);
  void fetch_parts(SharedRead& job, const EntryItem& item);
  void decode(SharedRead& job, std::string_view encoded);
  void promote(SharedRead& job);
  void finish(SharedRead& job, SharedJob::End end);
  void fail_all(Batch& batch);

  const LaneParts parts_;
  MemcachedClient client_;
  EntryCodec codec_;
  PurgeExchange purges_;
  LaneQueue<SharedRead> queue_;
  // The thread's own.
  std::vector<std::string> names_;
  std::vector<Place> places_;
  std::vector<std::pair<SharedRead*, EntryItem>> in_parts_;
  std::string scratch_;
  int64_t next_exchange_us_ = 0;
  size_t item_bytes_max_ = 0;  // 0: not asked yet
  bool timed_out_ = false;     // why the current batch fails

  std::mutex purge_mutex_;
  std::condition_variable purges_exchanged_;
  uint64_t purge_wanted_ = 0;  // guarded by purge_mutex_, as are the next two
  uint64_t purge_done_ = 0;
  bool purge_failed_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace reprise::cache
