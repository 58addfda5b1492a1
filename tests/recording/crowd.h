#pragma once

#include <array>
#include <latch>
#include <memory>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fakes/thread_executor.h"
#include "recording/scene.h"

namespace reprise::recording {

// Running: the hash of bytes that come in pieces, wherever they were cut.
class Running {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) hash_ = (hash_ ^ static_cast<uint8_t>(byte)) * 0x100000001B3U;
    size_ += bytes.size();
  }
  bool operator==(const Running&) const = default;
  size_t size() const { return size_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325U;
  size_t size_ = 0;
};

inline base::Bytes random_chunk(std::mt19937_64& random, size_t size_max) {
  base::Bytes chunk = base::Bytes::with_size(1 + random() % size_max);
  for (size_t i = 0; i < chunk.size(); ++i) chunk.mutable_data()[i] = static_cast<char>(random());
  return chunk;
}

// Writing: what a Writer is to do.
struct Writing {
  size_t chunks = 400;
  size_t chunk_bytes_max = 300;
  uint64_t seed = 1;
  bool good_end = true;
};

// Writer: writes on its own thread, a chunk a task, and waits when it is told to.
class Writer {
 public:
  Writer(std::shared_ptr<Recording> recording, const Writing& writing)
      : writing_(writing), random_(writing.seed) {
    executor_.call([&] { recorder_.emplace(std::move(recording), clock_, wakeup_); });
  }
  ~Writer() {
    executor_.call([this] { recorder_.reset(); });
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void start() {
    executor_.call([this] {
      recorder_->interim(head_of(103));
      recorder_->head(head_of(200));
      post_step();
    });
  }
  // Until it waits, which it must do sooner or later while nobody reads.
  void wait_until_held_back() { held_back_.wait(); }
  // Until it has ended or was told that nobody reads any more.
  void wait() { over_.wait(); }
  // After wait().
  const Running& written() const { return written_; }
  bool abandoned() const { return abandoned_; }
  const std::shared_ptr<const Record>& record() const { return record_; }

 private:
  void post_step() {
    CHECK(executor_.post([this] { step(); }));
  }
  void step() {
    if (chunk_ == writing_.chunks) return end();
    ++chunk_;
    base::Bytes chunk = random_chunk(random_, writing_.chunk_bytes_max);
    written_.add(chunk.view());
    go_by(recorder_->append(std::move(chunk)));
  }
  void go_by(Recorder::Flow flow) {
    waiting_ = flow == Recorder::Flow::kWait;
    if (flow == Recorder::Flow::kGoOn) return post_step();
    if (waiting_) {
      if (waits_++ == 0) held_back_.count_down();
      return;
    }
    abandoned_ = true;
    finish({Failure::kAbandoned, "nobody reads"});
  }
  void on_wake() {
    if (recorder_->ended()) return;
    const Recorder::Flow flow = recorder_->flow();
    if (waiting_) {
      go_by(flow);
    } else if (flow == Recorder::Flow::kAbandoned) {
      chunk_ = writing_.chunks;  // the next step, already posted, ends it
      abandoned_ = true;
    }
  }
  void end() {
    if (abandoned_) return finish({Failure::kAbandoned, "nobody reads"});
    if (!writing_.good_end) return finish({Failure::kTruncated, "cut"});
    if (recorder_->keeping()) record_ = recorder_->recording().finished();
    recorder_->complete({});
    over_.count_down();
  }
  void finish(FailureReport report) {
    recorder_->fail(std::move(report));
    over_.count_down();
  }

  const Writing writing_;
  std::mt19937_64 random_;
  base::SystemClock clock_;
  fakes::ThreadExecutor executor_;
  base::Wakeup wakeup_{executor_,
                       [](void* self) noexcept { static_cast<Writer*>(self)->on_wake(); }, this};
  std::optional<Recorder> recorder_;
  Running written_;
  std::shared_ptr<const Record> record_;
  std::latch held_back_{1};
  std::latch over_{1};
  size_t chunk_ = 0;
  size_t waits_ = 0;
  bool waiting_ = false;
  bool abandoned_ = false;
};

// Follower: reads on a thread that it shares with others; looks again only when it is woken or
// there was more.
class Follower {
 public:
  Follower(fakes::ThreadExecutor& executor, uint64_t seed)
      : executor_(executor),
        random_(seed),
        wakeup_(
            executor, [](void* self) noexcept { static_cast<Follower*>(self)->on_wake(); }, this),
        cursor_(wakeup_) {}

  // All on its thread.
  bool join(const std::shared_ptr<Recording>& recording) {
    running_ = Running();
    heads_ = 0;
    joined_ = cursor_.join(recording);
    return joined_;
  }
  void look() {
    batch_.clear();
    last_ = cursor_.next(batch_, 1 + random_() % 2000);
    if (batch_.head != nullptr) ++heads_;
    for (size_t i = 0; i < batch_.piece_count; ++i) running_.add(batch_.pieces[i].view());
    batch_.clear();
  }
  void leave() {
    cursor_.leave();
    joined_ = false;
  }
  void set_interest(Cursor::Interest interest) {
    if (joined_) cursor_.set_interest(interest);
  }
  // Looks until the end, then leaves and says so.
  void read_all(std::latch& done) {
    done_ = &done;
    go_on();
  }

  fakes::ThreadExecutor& executor() { return executor_; }
  Cursor::Status last() const { return last_; }
  int heads() const { return heads_; }
  const Running& running() const { return running_; }
  Failure failure() const { return failure_; }
  size_t stray_wakes() const { return stray_wakes_; }

 private:
  void on_wake() {
    if (!joined_) ++stray_wakes_;
    if (done_ != nullptr) go_on();
  }
  // One look a task, so that those who share the thread take turns.
  void go_on() {
    look();
    if (last_ == Cursor::Status::kPending) return;
    if (last_ == Cursor::Status::kMore) {
      CHECK(executor_.post([this] { go_on(); }));
      return;
    }
    if (last_ == Cursor::Status::kFailed) failure_ = cursor_.failure().failure;
    leave();
    std::exchange(done_, nullptr)->count_down();
  }

  fakes::ThreadExecutor& executor_;
  std::mt19937_64 random_;
  base::Wakeup wakeup_;
  Cursor cursor_;
  Batch batch_;
  Running running_;
  Cursor::Status last_ = Cursor::Status::kPending;
  Failure failure_ = Failure::kUnreachable;
  std::latch* done_ = nullptr;
  int heads_ = 0;
  size_t stray_wakes_ = 0;
  bool joined_ = false;
};

// Crowd: threads with followers on them.
struct Crowd {
  static constexpr size_t kThreads = 3;
  static constexpr size_t kPerThread = 3;
  static constexpr size_t kFollowers = kThreads * kPerThread;

  Crowd() {
    for (size_t i = 0; i < kFollowers; ++i) {
      followers.push_back(std::make_unique<Follower>(executors[i % kThreads], i));
    }
  }
  ~Crowd() {
    for (auto& follower : followers) {
      follower->executor().call([&follower] { follower.reset(); });
    }
  }
  bool join(size_t number, const std::shared_ptr<Recording>& recording) {
    bool joined = false;
    followers[number]->executor().call([&] { joined = followers[number]->join(recording); });
    return joined;
  }
  void read_all(size_t number, std::latch& done) {
    Follower& follower = *followers[number];
    CHECK(follower.executor().post([&follower, &done] { follower.read_all(done); }));
  }

  std::array<fakes::ThreadExecutor, kThreads> executors;
  std::vector<std::unique_ptr<Follower>> followers;
};

}  // namespace reprise::recording
