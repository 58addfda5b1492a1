#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cache/entry_item.h"
#include "cache/entry_wire.h"
#include "cache/lane_parts.h"
#include "cache/lane_queue.h"
#include "cache/shared_job.h"

namespace reprise::cache {

// WritingLane: one thread that writes to one Memcached server, in the order in which it is told,
// and waits for what becomes of it so that nobody else has to: only so can a lease be let go of
// behind the store that it covered, and the later of two recordings stay. What is set without a
// condition is only sent.
// Owner: MemcachedTier. Thread: any, but for what the thread itself does.
class WritingLane {
 public:
  // Bytes of jobs that may wait.
  static constexpr size_t kWaitingBytesMax = size_t{64} << 20;
  static constexpr int64_t kFlushUs = 5'000'000;

  explicit WritingLane(const LaneParts& parts);
  // Writes what still waits, for as long as the server takes it and no longer than kFlushUs.
  ~WritingLane();
  WritingLane(const WritingLane&) = delete;
  WritingLane& operator=(const WritingLane&) = delete;

  // False if the queue is full; the job is not settled then.
  [[nodiscard]] bool submit(std::shared_ptr<SharedWrite> job);

 private:
  // Present: what lies under a name now.
  struct Present {
    bool asked = false;  // the server has answered
    std::optional<uint64_t> cas;
    std::string payload;  // empty if it is none of ours
  };

  void run();
  bool worth_trying() const;
  Written perform(SharedWrite& job);
  Written store_entry(const Entry& entry);
  Written store_encoded(const Entry& entry, std::string_view encoded, int64_t life_ms);
  Written store_parts(const Entry& entry, std::string_view encoded, int64_t life_ms,
                      EntryItem* item);
  Written replace_older(const ValueLabel& label, std::string_view payload, int64_t asked_at_us,
                        Expiry expiry);
  Written hold(const SharedWrite& job, Expiry expiry);
  Written release(const SharedWrite& job);
  Present look(const ValueLabel& label);
  Written remove(const ValueLabel& label);
  void remove_parts(const ValueLabel& label, const std::optional<EntryItem>& item);
  void settle(SharedWrite& job, Written written);

  const LaneParts parts_;
  MemcachedClient client_;
  EntryCodec codec_;
  LaneQueue<SharedWrite> queue_;
  size_t item_room_ = 0;                 // 0: not asked yet
  std::atomic<int64_t> flush_until_us_;  // monotonic
  std::thread thread_;                   // last: it uses all of the above
};

}  // namespace reprise::cache
