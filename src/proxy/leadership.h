#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/intrusive_list.h"
#include "cache/inflight_table.h"
#include "cache/lease.h"
#include "cache/memcached_tier.h"
#include "cache/segment.h"
#include "net/timeout_queue.h"
#include "recording/cursor.h"

namespace reprise::proxy {

class PursuitGroup;

// Leadership: asking upstream on behalf of every process that shares the Memcached. Renews the
// flight's lease, looks for followers elsewhere, and while there are any publishes the answer for
// them, from its first byte on, as one more reader of its recording. At its end it looks once more,
// so that nobody who came in time is missed, and lets go of the lease, behind the store of the
// entry.
// Owner: the flight's Keeper, then its group until it is done. Thread: the group's loop's.
class Leadership final : public base::IntrusiveNode {
 public:
  // Claim: a lease of ours.
  struct Claim {
    cache::LeaseKind kind = cache::LeaseKind::kCommon;
    base::Digest128 token;
  };
  Leadership(PursuitGroup& group, const cache::Flight& flight, const Claim& claim);
  ~Leadership();
  Leadership(const Leadership&) = delete;
  Leadership& operator=(const Leadership&) = delete;

  // This answer takes no more followers than it has.
  void close_door();
  // The recording has ended. What is left to do outlives the Keeper.
  static void finish(std::unique_ptr<Leadership> leadership);
  // For the group: whatever is left to do is not worth waiting for.
  void done();

  // Lets go of that lease of the question with this key, if it is ours.
  static void release(cache::MemcachedTier& tier, const base::Digest128& key, const Claim& claim);

 private:
  void tick();
  void look_for_followers();
  void on_looked();
  void set_publishing(bool publishing);
  void pump();
  void take(recording::Batch& batch);
  void publish(cache::Segment::End end);
  bool gave_up() const;
  void renew();

  PursuitGroup& group_;
  const base::Digest128 key_;
  const Claim claim_;
  cache::Lease lease_;
  base::Wakeup looked_;
  base::Wakeup more_;
  net::Timeout period_;
  net::Timeout contact_;
  std::shared_ptr<cache::SharedRead> look_;
  recording::Cursor cursor_;
  recording::Batch batch_;
  bool watching_ = false;  // the recording can still be read from its first byte on
  bool publishing_ = false;
  bool finishing_ = false;
  bool ended_ = false;                              // the last segment is out
  std::shared_ptr<const http::ResponseHead> head_;  // not published yet
  http::Fields trailers_;
  std::string pending_;  // body not published yet
  int64_t renewed_us_ = 0;
};

}  // namespace reprise::proxy
