// One writer and several readers take random steps; a plain model says what each must find.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Flow = Recorder::Flow;
using Interest = Cursor::Interest;
using Status = Cursor::Status;

// Model: a recording that keeps everything and computes the rest anew each time.
struct Model {
  static constexpr size_t kReaders = 5;
  enum class Wake : uint8_t { kNone, kArmed, kQueued };
  struct Place {
    bool joined = false;
    bool watches = false;
    bool cut = false;
    bool head_taken = false;
    size_t chunk = 0;
    Wake wake = Wake::kNone;
  };

  size_t end_of(size_t chunk) const { return chunk == 0 ? 0 : ends[chunk - 1]; }
  size_t appended() const { return end_of(ends.size()); }
  bool reads(const Place& place) const { return place.joined && !place.cut; }
  // Those for whose sake it goes on.
  size_t readers() const {
    return static_cast<size_t>(std::count_if(
        places.begin(), places.end(), [this](const Place& p) { return reads(p) && !p.watches; }));
  }
  size_t fastest() const {
    size_t most = 0;
    for (const Place& place : places) {
      if (reads(place)) most = std::max(most, end_of(place.chunk));
    }
    return most;
  }
  size_t held_bytes() const { return appended() - end_of(first); }
  size_t held_chunks() const { return ends.size() - first; }

  void drop() {
    if (keep == Keep::kKept) return;
    size_t needed = ends.size();
    for (const Place& place : places) {
      if (reads(place)) needed = std::min(needed, place.chunk);
    }
    first = std::max(first, needed);
  }
  void cut() {
    if (keep == Keep::kKept) return;
    while (first < ends.size() && fastest() > end_of(first) + limits.lag_max) {
      for (Place& place : places) place.cut |= place.joined && place.chunk == first;
      ++first;
    }
  }
  bool must_wait() const {
    return keep == Keep::kPassing && appended() >= fastest() + limits.window;
  }
  Flow flow() {
    abandoned |= keep == Keep::kPassing && readers() == 0;
    if (abandoned) return Flow::kAbandoned;
    waits = must_wait();
    return waits ? Flow::kWait : Flow::kGoOn;
  }
  void queue_readers() {
    for (Place& place : places) {
      if (place.wake == Wake::kArmed) place.wake = Wake::kQueued;
    }
  }
  void lost_interest() {
    if (readers() > 0 || state != State::kOpen) return;
    if (on_abandon == OnAbandon::kFinish && keep == Keep::kKept) return;
    abandoned = writer_queued = true;
  }
  bool takes_newcomers() const {
    return !abandoned && keep == Keep::kKept && state != State::kFailed;
  }

  Limits limits;
  OnAbandon on_abandon = OnAbandon::kCancel;
  Keep keep = Keep::kKept;
  State state = State::kOpen;
  bool head = false;
  bool abandoned = false;
  bool waits = false;
  bool writer_queued = false;
  size_t first = 0;
  std::string text;
  std::vector<size_t> ends;
  std::array<Place, kReaders> places;
};

// What holding a chunk costs beyond its bytes, found out from outside.
size_t chunk_overhead() {
  Scene scene;
  scene.recorder->head(head_of(200));
  scene.append("x");
  return scene.budget.held() - 1;
}

// Trial: the real thing and the model, side by side.
class Trial {
 public:
  explicit Trial(uint32_t seed)
      : random_(seed),
        limits_{.kept_max = pick(600), .window = 1 + pick(150), .lag_max = pick(250)},
        on_abandon_(pick(2) == 0 ? OnAbandon::kCancel : OnAbandon::kFinish),
        scene_(Keep::kKept, limits_, on_abandon_) {
    model_.limits = limits_;
    model_.on_abandon = on_abandon_;
    for (auto& reader : readers_) reader.emplace(scene_.executor);
  }

  // How often what happened, so that the test can tell that it tests something.
  static inline size_t whole = 0;
  static inline size_t cut = 0;
  static inline size_t waited = 0;
  static inline size_t abandoned = 0;
  static inline size_t abandoned_to_watchers = 0;

  void run() {
    join(0, Interest::kReads);
    for (size_t step = 0; step < 250 && !testing::Test::HasFatalFailure(); ++step) {
      take_step();
      compare();
    }
    end();
  }

 private:
  size_t pick(size_t below) { return below == 0 ? 0 : random_() % below; }

  void take_step() {
    const size_t reader = pick(readers_.size());
    switch (pick(12)) {
      case 0:
        if (pick(8) == 0 && model_.places[reader].joined) leave(reader);
        return;
      case 1:
        if (pick(8) != 0 && model_.places[reader].joined) return;
        return join(reader, pick(3) == 0 ? Interest::kOnlyWatches : Interest::kReads);
      case 2:
        return run_wakeup();
      case 3:
        return ask_flow();
      case 4:
        if (pick(20) == 0) stop_keeping();
        return;
      case 5:
        if (pick(30) == 0) finish();
        if (pick(6) == 0 && model_.places[reader].joined) change_interest(reader);
        return;
      case 6:
      case 7:
      case 8:
        return write();
      default:
        if (model_.places[reader].joined) look(reader);
    }
  }

  void join(size_t number, Interest interest) {
    Model::Place& place = model_.places[number];
    if (place.joined) leave(number);
    const bool first = model_.readers() == 0 && model_.first == 0 && !model_.abandoned &&
                       model_.state == State::kOpen;
    const bool joins = model_.takes_newcomers() || first;
    ASSERT_EQ(readers_[number]->join(scene_.recording, interest), joins);
    place = {};
    place.joined = joins;
    place.watches = interest == Interest::kOnlyWatches;
  }

  void leave(size_t number) {
    readers_[number]->cursor().leave();
    const Model::Place was = std::exchange(model_.places[number], {});
    if (!model_.reads(was)) return;
    model_.drop();
    if (!was.watches) lose_interest();
  }

  void change_interest(size_t number) {
    Model::Place& place = model_.places[number];
    place.watches = !place.watches;
    readers_[number]->cursor().set_interest(place.watches ? Interest::kOnlyWatches
                                                          : Interest::kReads);
    if (place.watches && !place.cut) lose_interest();
  }

  void lose_interest() {
    const bool before = model_.abandoned;
    model_.lost_interest();
    const bool watched = std::ranges::any_of(
        model_.places, [this](const Model::Place& place) { return model_.reads(place); });
    if (!before && model_.abandoned && watched) ++abandoned_to_watchers;
  }

  void look(size_t number) {
    Reader& reader = *readers_[number];
    Model::Place& place = model_.places[number];
    place.wake = Model::Wake::kNone;
    const size_t bytes_max = 1 + pick(200);
    const Status status = reader.look(bytes_max);
    if (place.cut) {
      ++cut;
      ASSERT_EQ(status, Status::kFailed);
      ASSERT_EQ(reader.cursor().failure().failure, Failure::kLagging);
      return;
    }
    place.head_taken |= model_.head;
    const size_t began = place.chunk;
    if (place.head_taken) advance(place, bytes_max);
    const size_t end = place.chunk;
    if (end > began) settle_after_reading();
    ASSERT_EQ(reader.heads(), place.head_taken ? 1 : 0);
    ASSERT_EQ(reader.cursor().consumed(), model_.end_of(end));
    ASSERT_EQ(reader.body(), std::string_view(model_.text).substr(0, model_.end_of(end)));
    ASSERT_EQ(status, status_at(end));
    if (status == Status::kEnd) ++whole;
    if (status == Status::kPending) place.wake = Model::Wake::kArmed;
  }

  void advance(Model::Place& place, size_t bytes_max) {
    const size_t began = place.chunk;
    while (place.chunk < model_.ends.size() && place.chunk - began < Batch::kPiecesMax &&
           model_.end_of(place.chunk) - model_.end_of(began) < bytes_max) {
      ++place.chunk;
    }
  }

  void settle_after_reading() {
    model_.cut();
    model_.drop();
    if (model_.waits && !model_.must_wait() && model_.state == State::kOpen) {
      model_.writer_queued = true;
    }
  }

  Status status_at(size_t chunk) const {
    if (chunk < model_.ends.size()) return Status::kMore;
    if (model_.state == State::kOpen) return Status::kPending;
    return model_.state == State::kComplete ? Status::kEnd : Status::kFailed;
  }

  void write() {
    if (model_.state != State::kOpen) return;
    if (!model_.head) {
      model_.head = true;
      scene_.recorder->head(head_of(200));
      return model_.queue_readers();
    }
    std::string text(1 + pick(60), ' ');
    for (char& letter : text) letter = static_cast<char>('a' + pick(26));
    const Flow flow = scene_.append(text);
    model_.text += text;
    model_.ends.push_back(model_.text.size());
    if (model_.appended() > limits_.kept_max) model_.keep = Keep::kPassing;
    model_.drop();
    model_.queue_readers();
    ASSERT_EQ(flow, model_.flow());
    if (flow == Flow::kWait) ++waited;
    if (flow == Flow::kAbandoned) ++abandoned;
  }

  void ask_flow() {
    if (model_.state != State::kOpen) return;
    model_.writer_queued = false;
    ASSERT_EQ(scene_.recorder->flow(), model_.flow());
  }

  void stop_keeping() {
    scene_.recorder->stop_keeping();
    model_.keep = Keep::kPassing;
    model_.drop();
  }

  void finish() {
    if (model_.state != State::kOpen || !model_.head) return;
    const bool good = pick(2) == 0;
    if (good && model_.keep == Keep::kKept) {
      ASSERT_EQ(scene_.recording->finished()->body().view(), model_.text);
    }
    if (good) {
      scene_.complete();
    } else {
      scene_.fail();
    }
    model_.state = good ? State::kComplete : State::kFailed;
    model_.writer_queued = false;
    model_.queue_readers();
  }

  // A writer asks at its wake-up, as it must to be woken again.
  void run_wakeup() {
    const size_t writer_wakes = scene_.writer_wakes;
    std::array<size_t, Model::kReaders> wakes{};
    for (size_t i = 0; i < wakes.size(); ++i) wakes[i] = readers_[i]->wakes();
    if (!scene_.executor.run_one()) return;
    if (scene_.writer_wakes > writer_wakes) {
      ASSERT_TRUE(model_.writer_queued);
      ask_flow();
    }
    for (size_t i = 0; i < wakes.size(); ++i) {
      if (readers_[i]->wakes() == wakes[i]) continue;
      ASSERT_EQ(model_.places[i].wake, Model::Wake::kQueued);
      model_.places[i].wake = Model::Wake::kNone;
      look(i);
    }
  }

  void compare() {
    ASSERT_EQ(scene_.recording->joinable(), model_.takes_newcomers());
    ASSERT_EQ(scene_.recorder->keeping(), model_.keep == Keep::kKept);
    ASSERT_EQ(scene_.recording->bytes_recorded(), model_.appended());
    ASSERT_EQ(scene_.budget.held(), model_.held_bytes() + model_.held_chunks() * overhead_);
    size_t queued = model_.writer_queued ? 1 : 0;
    for (const Model::Place& place : model_.places) {
      if (place.wake == Model::Wake::kQueued) ++queued;
    }
    ASSERT_EQ(scene_.executor.wakeups_queued(), queued);
  }

  void end() {
    for (auto& reader : readers_) reader.reset();
    scene_.executor.run();
    ASSERT_TRUE(scene_.let_go().expired());
    ASSERT_EQ(scene_.budget.held(), 0u);
  }

  const size_t overhead_ = chunk_overhead();
  std::mt19937 random_;
  const Limits limits_;
  const OnAbandon on_abandon_;
  Scene scene_;
  Model model_;
  std::array<std::optional<Reader>, Model::kReaders> readers_;
};

TEST(RecordingModel, RandomStepsFindWhatTheModelSays) {
  for (uint32_t seed = 1; seed <= 4000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Trial(seed).run();
    if (HasFatalFailure()) return;
  }
  for (const size_t seen :
       {Trial::whole, Trial::cut, Trial::waited, Trial::abandoned, Trial::abandoned_to_watchers}) {
    EXPECT_GT(seen, 500u);
  }
}

}  // namespace
}  // namespace reprise::recording
