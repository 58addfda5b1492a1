#include "cache/inflight_table.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "cache/entries.h"
#include "fakes/manual_clock.h"
#include "fakes/manual_executor.h"
#include "recording/recorder.h"

namespace reprise::cache {
namespace {

using recording::Keep;
using recording::Limits;
using recording::OnAbandon;
using recording::Recording;

constexpr openai::Form kPlain{};
constexpr openai::Form kStream{.stream = true};

bool never() { return false; }

// Asker: one who asks, on the thread that made it.
struct Asker {
  fakes::ManualExecutor executor;
  base::Wakeup wakeup{executor, [](void*) noexcept {}, nullptr};
  recording::Cursor cursor{wakeup};
};

// Leader: what writes a flight's recording.
struct Leader {
  explicit Leader(const std::shared_ptr<const Flight>& flight)
      : recorder(flight->recording, clock, wakeup) {}

  fakes::ManualExecutor executor;
  fakes::ManualClock clock;
  base::Wakeup wakeup{executor, [](void*) noexcept {}, nullptr};
  recording::Recorder recorder;
};

class InflightTableTest : public testing::Test {
 protected:
  std::shared_ptr<Flight> flight(std::string_view question, const openai::Form& form = kPlain,
                                 OnAbandon on_abandon = OnAbandon::kCancel) {
    auto made = std::make_shared<Flight>();
    made->key = base::xxh3_128(question);
    made->proof = base::sha256(question);
    made->route = openai::Route::kChatCompletions;
    made->form = form;
    made->asked_at_us = clock_.wall_us();
    made->model_asked = "m";
    made->recording = std::make_shared<Recording>(Keep::kKept, on_abandon, Limits{}, &budget_);
    return made;
  }
  std::shared_ptr<const Flight> ask(const std::shared_ptr<const Flight>& mine, Asker& asker,
                                    Company company = Company::kAnyForm) {
    return table_.join_or_lead({mine, asker.cursor, company}, never);
  }

  recording::Budget budget_{1u << 30};
  fakes::ManualClock clock_;
  PurgeRecord purges_{clock_};
  InflightTable table_{purges_};
  Asker first_;
  Asker second_;
};

TEST_F(InflightTableTest, TheFirstLeadsAndTheNextJoins) {
  const auto mine = flight("q");
  EXPECT_EQ(ask(mine, first_), mine);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(ask(flight("q"), second_), mine);
  EXPECT_EQ(table_.size(), 1u);
  Leader leader(mine);
  http::ResponseHead head;
  head.status = 200;
  leader.recorder.head(std::move(head));
  for (Asker* asker : {&first_, &second_}) {
    recording::Batch batch;
    EXPECT_EQ(asker->cursor.next(batch, 1), recording::Cursor::Status::kPending);
    EXPECT_NE(batch.head, nullptr);
  }
  first_.cursor.leave();
  EXPECT_EQ(leader.recorder.flow(), recording::Recorder::Flow::kGoOn);
  second_.cursor.leave();
  EXPECT_EQ(leader.recorder.flow(), recording::Recorder::Flow::kAbandoned);
}

TEST_F(InflightTableTest, QuestionsAreSeparate) {
  const auto one = flight("one");
  const auto two = flight("two");
  EXPECT_EQ(ask(one, first_), one);
  EXPECT_EQ(ask(two, second_), two);
  EXPECT_EQ(table_.size(), 2u);
}

TEST_F(InflightTableTest, FormsAreJoinedIfTheirAnswerCanBeConverted) {
  const std::array<openai::Form, 5> forms{
      {kPlain, {true, false, false}, {true, false, true}, {true, true, false}, {true, true, true}}};
  for (const openai::Form& asked : forms) {
    for (const openai::Form& wanted : forms) {
      const auto table = std::make_unique<InflightTable>(purges_);
      Asker leader;
      Asker joiner;
      const auto led = flight("q", asked);
      ASSERT_EQ(table->join_or_lead({led, leader.cursor}, never), led);
      const auto mine = flight("q", wanted);
      const bool lacks_usage = asked.stream && !asked.include_usage && wanted.include_usage;
      EXPECT_EQ(table->join_or_lead({mine, joiner.cursor}, never), lacks_usage ? mine : led);
    }
  }
}

TEST_F(InflightTableTest, WhoWantsOneFormOnlyJoinsNoOther) {
  const auto streamed = flight("q", kStream);
  EXPECT_EQ(ask(streamed, first_), streamed);
  Asker third;
  EXPECT_EQ(ask(flight("q", kStream), third, Company::kSameForm), streamed);
  const auto plain = flight("q", kPlain);
  EXPECT_EQ(ask(plain, second_, Company::kSameForm), plain);
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(InflightTableTest, WhatAStreamIncludesDoesNotPartPlainOnes) {
  const auto mine = flight("q", {.stream = false, .include_usage = false});
  EXPECT_EQ(ask(mine, first_), mine);
  EXPECT_EQ(ask(flight("q", {.stream = false, .include_usage = true}), second_), mine);
}

// Digests that agree can be made; the proof cannot.
TEST_F(InflightTableTest, TheProofDecides) {
  const auto mine = flight("q");
  EXPECT_EQ(ask(mine, first_), mine);
  auto other = flight("q");
  other->proof = base::sha256("another question");
  EXPECT_EQ(ask(other, second_), other);
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(InflightTableTest, WhatHasAppearedIsNeitherLedNorJoined) {
  const auto mine = flight("q");
  EXPECT_EQ(table_.join_or_lead({mine, first_.cursor}, [] { return true; }), nullptr);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_TRUE(mine->recording->joinable());
}

// Who comes while somebody is still looking for the answer waits, and then joins.
TEST_F(InflightTableTest, TheQuestionIsHeldWhileItsAnswerIsLookedFor) {
  const auto mine = flight("q");
  std::shared_ptr<const Flight> joined;
  bool looked_too = false;
  std::latch asking(1);
  std::optional<std::thread> other;
  const auto appeared = [&] {
    other.emplace([&] {
      Asker asker;
      asking.count_down();
      joined = table_.join_or_lead({flight("q"), asker.cursor}, [&] { return looked_too = true; });
    });
    asking.wait();
    return false;
  };
  EXPECT_EQ(table_.join_or_lead({mine, first_.cursor}, appeared), mine);
  other->join();
  EXPECT_EQ(joined, mine);
  EXPECT_FALSE(looked_too);
}

TEST_F(InflightTableTest, AFlightIsJoinedWithoutAsking) {
  const auto mine = flight("q");
  EXPECT_EQ(ask(mine, first_), mine);
  bool asked = false;
  EXPECT_EQ(table_.join_or_lead({flight("q"), second_.cursor}, [&asked] { return asked = true; }),
            mine);
  EXPECT_FALSE(asked);
}

TEST_F(InflightTableTest, LandingTakesOutOnlyItself) {
  const auto old = flight("q");
  EXPECT_EQ(ask(old, first_), old);
  const auto newer = flight("q");
  table_.lead(newer, second_.cursor);
  EXPECT_EQ(table_.size(), 1u);
  table_.land(*old);
  EXPECT_EQ(table_.size(), 1u);
  Asker third;
  EXPECT_EQ(ask(flight("q"), third), newer);
  table_.land(*newer);
  EXPECT_EQ(table_.size(), 0u);
  table_.land(*newer);  // again: nothing
  const auto last = flight("q");
  EXPECT_EQ(ask(last, third), last);
}

TEST_F(InflightTableTest, LandedFlightsGoOnForThoseOnBoard) {
  auto mine = flight("q");
  EXPECT_EQ(ask(mine, first_), mine);
  Leader leader(mine);
  table_.land(*mine);
  const std::weak_ptr<Flight> last = mine;
  mine.reset();
  EXPECT_TRUE(last.expired());
  http::ResponseHead head;
  head.status = 200;
  leader.recorder.head(std::move(head));
  leader.recorder.complete({});
  recording::Batch batch;
  EXPECT_EQ(first_.cursor.next(batch, 1), recording::Cursor::Status::kEnd);
}

TEST_F(InflightTableTest, LeadingDoesNotAsk) {
  const auto old = flight("q");
  EXPECT_EQ(ask(old, first_), old);
  const auto mine = flight("q");
  table_.lead(mine, second_.cursor);
  Asker third;
  EXPECT_EQ(ask(flight("q"), third), mine);
  // Nobody has left the first.
  EXPECT_TRUE(old->recording->joinable());
}

TEST_F(InflightTableTest, AnAbandonedFlightIsReplaced) {
  const auto old = flight("q");
  EXPECT_EQ(ask(old, first_), old);
  first_.cursor.leave();
  const auto mine = flight("q");
  EXPECT_EQ(ask(mine, second_), mine);
  table_.land(*old);  // it comes late
  EXPECT_EQ(ask(flight("q"), first_), mine);
}

TEST_F(InflightTableTest, AFlightThatFinishesAloneIsJoined) {
  const auto old = flight("q", kPlain, OnAbandon::kFinish);
  EXPECT_EQ(ask(old, first_), old);
  first_.cursor.leave();
  EXPECT_EQ(ask(flight("q"), second_), old);
}

TEST_F(InflightTableTest, AFailedOrOutgrownFlightIsReplaced) {
  for (const bool fails : {true, false}) {
    const auto old = flight("q");
    EXPECT_EQ(ask(old, first_), old);
    Leader leader(old);
    if (fails) {
      leader.recorder.fail({});
    } else {
      leader.recorder.stop_keeping();
    }
    const auto mine = flight("q");
    EXPECT_EQ(ask(mine, second_), mine);
    table_.land(*mine);
    leader.executor.run();
  }
}

// Each way to purge: flights asked of upstream before it take no more joiners, later ones do.
TEST_F(InflightTableTest, APurgeRefusesJoiners) {
  using Purge = void (*)(PurgeRecord&, int64_t);
  const std::array<Purge, 4> purges{
      [](PurgeRecord& record, int64_t at_us) { record.purge_all(at_us); },
      [](PurgeRecord& record, int64_t at_us) { record.purge_namespace("", at_us); },
      [](PurgeRecord& record, int64_t at_us) { record.purge_model("m", at_us); },
      [](PurgeRecord& record, int64_t at_us) { record.remove(base::xxh3_128("q"), at_us); }};
  for (const Purge purge : purges) {
    const auto old = flight("q");
    EXPECT_EQ(ask(old, first_), old);
    purge(purges_, clock_.wall_us());
    clock_.advance_us(1);
    const auto mine = flight("q");
    EXPECT_EQ(ask(mine, second_), mine);
    Asker third;
    EXPECT_EQ(ask(flight("q"), third), mine);
    EXPECT_TRUE(old->recording->joinable());  // those on board stay
    table_.land(*mine);
  }
}

TEST_F(InflightTableTest, APurgeOfSomethingElseRefusesNobody) {
  const auto mine = flight("q");
  EXPECT_EQ(ask(mine, first_), mine);
  purges_.purge_namespace("other", clock_.wall_us());
  purges_.purge_model("other", clock_.wall_us());
  purges_.remove(base::xxh3_128("other"), clock_.wall_us());
  purges_.purge_all(clock_.wall_us() - 1);
  EXPECT_EQ(ask(flight("q"), second_), mine);
}

constexpr size_t kThreads = 4;

// Crowd: threads that all begin at once.
template <typename Job>
void crowd(Job job) {
  std::latch begin(kThreads);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&begin, &job, i] {
      begin.arrive_and_wait();
      job(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(InflightTableTest, OfACrowdExactlyOneLeads) {
  constexpr size_t kQuestions = 300;
  std::array<std::vector<std::shared_ptr<const Flight>>, kThreads> led;
  std::array<std::vector<std::shared_ptr<const Flight>>, kThreads> joined;
  crowd([&](size_t self) {
    Asker asker;
    for (size_t i = 0; i < kQuestions; ++i) {
      const auto mine = flight("q" + std::to_string(i), kPlain, OnAbandon::kFinish);
      joined[self].push_back(ask(mine, asker));
      if (joined[self].back() == mine) led[self].push_back(mine);
    }
  });
  size_t leaders = 0;
  for (const auto& mine : led) leaders += mine.size();
  EXPECT_EQ(leaders, kQuestions);
  EXPECT_EQ(table_.size(), kQuestions);
  for (size_t i = 1; i < kThreads; ++i) EXPECT_EQ(joined[i], joined[0]);
}

// A flight lands only after its answer was stored, and `appeared` looks under the lock: so each
// question is asked of upstream once, however its askers, its end and its landing interleave.
TEST_F(InflightTableTest, WhoMissesTheFlightFindsTheAnswer) {
  constexpr size_t kQuestions = 500;
  std::vector<std::atomic<bool>> stored(kQuestions);
  std::vector<std::atomic<size_t>> asked(kQuestions);
  std::atomic<size_t> served{0};
  crowd([&](size_t) {
    Asker asker;
    for (size_t i = 0; i < kQuestions; ++i) {
      const auto mine = flight("q" + std::to_string(i), kPlain, OnAbandon::kFinish);
      const auto appeared = [&stored, i] { return stored[i].load(); };
      const auto joined = table_.join_or_lead({mine, asker.cursor}, appeared);
      ++served;
      if (joined != mine) continue;
      ++asked[i];
      stored[i] = true;
      table_.land(*mine);
    }
  });
  EXPECT_EQ(served, kQuestions * kThreads);
  for (const auto& count : asked) EXPECT_EQ(count, 1u);
  EXPECT_EQ(table_.size(), 0u);
}

// Askers that leave at once, leaders that give up: whoever comes gets on a flight that is not
// abandoned, or leads one.
TEST_F(InflightTableTest, NobodyBoardsAnAbandonedFlight) {
  constexpr size_t kTurns = 2000;
  std::atomic<size_t> led{0};
  crowd([&](size_t) {
    Asker asker;
    for (size_t i = 0; i < kTurns; ++i) {
      const auto mine = flight("q");
      const auto joined = ask(mine, asker);
      ASSERT_NE(joined, nullptr);
      EXPECT_TRUE(joined->recording->joinable());
      asker.cursor.leave();
      if (joined != mine) continue;
      ++led;
      table_.land(*mine);
    }
  });
  EXPECT_GE(led, 1u);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(budget_.held(), 0u);
}

}  // namespace
}  // namespace reprise::cache
