#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/digest.h"
#include "base/executor.h"
#include "cache/entry.h"
#include "cache/envelope.h"
#include "cache/memcached_client.h"

namespace reprise::cache {

// SharedJob: something that another thread is asked for, a lane to a Memcached server for instance,
// and what came of it.
// Owner: shared by whoever waits for it and that thread. Thread: its maker's until it is submitted,
// then the other one until it is settled, then its maker's again.
class SharedJob {
 public:
  enum class End : uint8_t {
    kPending,
    kDone,     // the server has answered, whatever it said
    kFailed,   // it has not, or is being left alone
    kDropped,  // a queue was full
  };

  // `waiter`, which may be null, is queued once when the job is settled; see forget().
  explicit SharedJob(base::Wakeup* waiter) : waiter_(waiter) {}
  virtual ~SharedJob() = default;
  SharedJob(const SharedJob&) = delete;
  SharedJob& operator=(const SharedJob&) = delete;

  // The waiter goes: its wake-up will not be queued any more. Its executor's thread.
  void forget();
  // For those without an executor: true once it is settled, false if that takes longer.
  bool wait_ms(int64_t ms);
  End end() const;

  // The lane's side.
  bool forgotten() const;
  void settle(End end);

  base::Digest128 home;      // the entry's key: where on the ring the values lie
  int64_t submitted_us = 0;  // monotonic

 private:
  mutable std::mutex mutex_;  // taken before an executor's leaf lock
  std::condition_variable settled_;
  base::Wakeup* waiter_;     // guarded by mutex_
  End end_ = End::kPending;  // guarded by mutex_
  bool forgotten_ = false;   // guarded by mutex_
};

// SharedRead: the values under a few labels, all of one server. An entry's label comes first, if
// there is one, and its value is decoded.
class SharedRead final : public SharedJob {
 public:
  static constexpr size_t kLabelsMax = 6;
  enum class Promote : uint8_t { kNo, kToMemory };
  // Tally: whether it counts as a lookup, a hit or a miss. One question counts once.
  enum class Tally : uint8_t { kNone, kLookup };

  // Value: what lay under a label. An entry's own payload is not kept.
  struct Value {
    bool found = false;
    std::string payload;
  };

  using SharedJob::SharedJob;

  void want(const ValueLabel& label) { labels[count++] = label; }

  std::array<ValueLabel, kLabelsMax> labels;
  size_t count = 0;
  Promote promote = Promote::kNo;
  Tally tally = Tally::kNone;
  std::array<Value, kLabelsMax> values;
  std::shared_ptr<const Entry> entry;  // of the first label; whatever its proof
};

// SharedWrite: one change to one value.
class SharedWrite final : public SharedJob {
 public:
  enum class Op : uint8_t {
    kStoreEntry,  // unless one asked later is there
    kAdd,         // if nothing is there
    kSet,
    kHold,     // if nothing is there, or what begins with the same token
    kRelease,  // removes what begins with the same token
    kRemove,
  };
  // What a lease begins with, so that only its holder changes it.
  static constexpr size_t kTokenBytes = 16;

  SharedWrite(Op what, base::Wakeup* waiter) : SharedJob(waiter), op(what) {}

  const Op op;
  ValueLabel label;
  std::string payload;
  int64_t life_ms = 0;
  std::shared_ptr<const Entry> entry;  // of kStoreEntry
  Written written = Written::kFailed;  // what became of it

  size_t bytes() const;
};

}  // namespace reprise::cache
