#pragma once

#include <array>
#include <memory>

#include "base/executor.h"
#include "recording/recording.h"

namespace reprise::recording {

// Batch: what one look at a recording gave. Reused between looks.
struct Batch {
  static constexpr size_t kPiecesMax = 32;
  std::shared_ptr<const http::ResponseHead> interim;  // one 1xx, before anything else
  std::shared_ptr<const http::ResponseHead> head;     // once; shares what it is part of
  std::array<base::Bytes, kPiecesMax> pieces;
  size_t piece_count = 0;
  size_t bytes = 0;
  std::shared_ptr<const http::Fields> trailers;  // with kEnd, if there were any

  void clear() {
    interim.reset();
    head.reset();
    trailers.reset();
    drop_pieces();
  }
  void drop_pieces() {
    for (size_t i = 0; i < piece_count; ++i) pieces[i] = base::Bytes();
    piece_count = 0;
    bytes = 0;
  }
};

// Cursor: one reader's place in a Recording.
// Owner: a playback or a publisher. Thread: the one whose executor its wake-up names.
// Invariant: after kPending exactly one wake-up is queued, unless next() is called before it runs.
class Cursor : public base::IntrusiveNode {
 public:
  enum class Status : uint8_t {
    kMore,     // the batch holds something; look again
    kPending,  // the batch may hold something; nothing more is there yet, the wake-up is armed
    kEnd,      // the batch holds the rest
    kFailed,   // the batch may hold what had arrived before
  };

  // `wakeup` runs when there is more to read; it outlives the cursor.
  explicit Cursor(base::Wakeup& wakeup) : wakeup_(wakeup) {}
  ~Cursor() { leave(); }

  // Interest: whether a recording goes on for this reader's sake.
  enum class Interest : uint8_t { kReads, kOnlyWatches };

  // Starts reading at the first byte. False if the recording takes no newcomers any more.
  [[nodiscard]] bool join(std::shared_ptr<Recording> recording,
                          Interest interest = Interest::kReads);
  // Of a recording that was joined. Of an open one the last to lose interest abandons it like the
  // last to leave.
  void set_interest(Interest interest);
  // Starts reading a finished one; takes no lock.
  void open(std::shared_ptr<const Record> record);
  // Lets go of the recording. The last reader to leave an open one abandons it.
  void leave();

  // Takes what is there, up to about `bytes_max`, into `batch`, which must be clear.
  Status next(Batch& batch, size_t bytes_max);

  // Why next() says kFailed, or would.
  FailureReport failure() const;
  // Whether the recording has failed, or this reader was cut.
  bool failed() const;
  uint64_t consumed() const { return consumed_; }
  // Whether the recording has a head, taken or not.
  bool saw_head() const;
  // Whether all of what was joined is still held, so that it may yet be stored.
  bool recording_is_kept() const { return recording_ != nullptr && recording_->joinable(); }

 private:
  Status next_of_record(Batch& batch);
  Status next_locked(Batch& batch, size_t bytes_max);
  void take_chunks_locked(Batch& batch, size_t bytes_max);
  void disarm_locked();

  friend class Recording;
  base::Wakeup& wakeup_;
  std::shared_ptr<Recording> recording_;  // this or record_, or neither
  std::shared_ptr<const Record> record_;
  uint64_t chunk_ = 0;     // the number of the next chunk
  uint64_t consumed_ = 0;  // bytes
  size_t interim_ = 0;
  bool head_taken_ = false;
  bool armed_ = false;
  bool lagging_ = false;
  Interest interest_ = Interest::kReads;
};

}  // namespace reprise::recording
