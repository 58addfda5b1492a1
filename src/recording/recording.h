#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "base/intrusive_list.h"
#include "http/message.h"
#include "recording/budget.h"
#include "recording/record.h"

namespace reprise::recording {

class Cursor;
class Recorder;

// Failure: why an answer ended without being whole.
enum class Failure : uint8_t {
  kUnreachable,  // no address, refused or reset while connecting
  kTls,          // handshake or verification
  kProtocol,     // malformed, or closed or reset before a whole head
  kTimeout,      // connect, handshake, first byte, silence
  kTruncated,    // ended inside the answer
  kAbandoned,    // nobody was left to read it, or its recorder was dropped
  kOverloaded,   // a bound of ours
  kLagging,      // this reader fell too far behind the others
  kHeld,         // a tier was asked instead: what it held, if anything, is the answer
};

// FailureReport: the cause and one line about it, for the error body and the log.
struct FailureReport {
  Failure failure = Failure::kAbandoned;
  std::string detail;
};

enum class State : uint8_t { kOpen, kComplete, kFailed };
enum class Keep : uint8_t { kKept, kPassing };
enum class OnAbandon : uint8_t { kCancel, kFinish };

// Limits: the bounds of one recording, in bytes.
struct Limits {
  size_t kept_max = 8u << 20;  // a kept recording that outgrows it becomes a passing one
  size_t window = 256u << 10;  // how far a passing one may run ahead of its fastest reader
  size_t lag_max = 8u << 20;   // how far a reader may fall behind the fastest before it is cut
};

// Recording: an answer: a head, then an append-only list of immutable chunks; open, until it is
// complete or failed. One Recorder writes it, any number of Cursors read it, each on its own
// thread.
//
// A kept recording holds every chunk, so that it can be stored and joined late. A passing one drops
// what all its readers have consumed, and asks its writer to wait while even the fastest of them is
// a window behind. With several readers a slow one does not hold the others up: it is cut when it
// lags too far.
//
// Owner: shared by its recorder and its readers. Thread: any. Everything below mutex_ is guarded by
// it.
class Recording {
 public:
  // `budget` may be null and outlives the recording.
  Recording(Keep keep, OnAbandon on_abandon, const Limits& limits, Budget* budget);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The same answer, finished. Only after the last append of a kept recording.
  std::shared_ptr<const Record> finished() const;

  // True while a newcomer can still be given everything from the first byte on.
  bool joinable() const;
  uint64_t bytes_recorded() const;

 private:
  friend class Cursor;
  friend class Recorder;

  // Chunk: bytes that arrived together, and how many readers have this chunk before them.
  struct Chunk {
    base::Bytes bytes;
    uint32_t offset_ms = 0;
    uint32_t waiting = 0;
  };

  // What holding a chunk costs beyond its bytes.
  static constexpr size_t kChunkOverhead = base::Bytes::kOverheadBytes + sizeof(Chunk);
  // An answer in pieces so small that holding them costs far more than they say is not kept either.
  static constexpr size_t kCostFactorMax = 4;
  static constexpr size_t kCostSlack = 64 * 1024;

  bool joinable_locked() const;
  bool outgrown_locked() const;
  void wake_readers_locked();
  void wake_writer_locked();
  void stop_keeping_locked();
  void reader_left_locked(const Cursor& reader);
  void abandon_if_unread_locked();
  size_t readers_at_front_locked();
  void measure_fastest_locked();
  void drop_consumed_locked();
  void cut_laggards_locked();
  void release_front_locked();
  bool writer_must_wait_locked() const;
  size_t fastest_lag_locked() const { return static_cast<size_t>(appended_ - fastest_); }

  mutable std::mutex mutex_;
  State state_ = State::kOpen;
  Keep keep_ = Keep::kKept;
  const OnAbandon on_abandon_ = OnAbandon::kCancel;
  const Limits limits_;
  Budget* const budget_ = nullptr;
  std::vector<std::shared_ptr<const http::ResponseHead>> interim_;
  std::shared_ptr<const http::ResponseHead> head_;
  std::deque<Chunk> chunks_;
  uint64_t first_chunk_ = 0;  // the number of chunks_.front()
  uint64_t dropped_ = 0;      // bytes before chunks_.front()
  uint64_t appended_ = 0;     // bytes in all
  uint64_t fastest_ = 0;      // bytes that the fastest reader has consumed
  uint32_t at_end_ = 0;       // readers that have consumed every chunk
  size_t readers_ = 0;        // those that were cut or only watch apart
  bool abandoned_ = false;
  std::shared_ptr<const http::Fields> trailers_;
  FailureReport failure_;
  base::IntrusiveList<base::Wakeup> waiters_;
  base::IntrusiveList<Cursor> cursors_;
  base::Wakeup* writer_ = nullptr;
  bool writer_woken_ = false;
  bool writer_waits_ = false;
};

}  // namespace reprise::recording
