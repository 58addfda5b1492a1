#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cache/entries.h"
#include "cache/replay_head.h"
#include "cache/tier.h"

namespace reprise::cache {

// What every Tier must do. A tier takes part with
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyTier, TierContract, MyTierHost);
// where MyTierHost is default-constructible and has
//   Tier& tier();    // empty, with room for 32 MiB
//   void settle();   // returns once what was stored can be found
// Entries may come back as copies, so the suite compares what they say.
template <typename Host>
class TierContract : public testing::Test {
 protected:
  Tier& tier() { return host_.tier(); }
  void store(std::shared_ptr<const Entry> entry) {
    tier().store(std::move(entry));
    host_.settle();
  }
  std::string found(const std::shared_ptr<const Entry>& asked) {
    return body_of(tier().find(asked->key, asked->proof));
  }

  Host host_;
};

TYPED_TEST_SUITE_P(TierContract);

TYPED_TEST_P(TierContract, KnowsNothingAtFirst) {
  const auto entry = sample("q");
  EXPECT_EQ(this->tier().find(entry->key, entry->proof), nullptr);
  EXPECT_EQ(this->tier().look_up(entry->key), nullptr);
  EXPECT_FALSE(this->tier().remove(entry->key));
}

TYPED_TEST_P(TierContract, FindsAllOfWhatWasStored) {
  const auto entry = std::make_shared<Entry>(*sample("q"));
  entry->replay_head = make_replay_head(*entry);
  this->store(entry);
  const auto found = this->tier().find(entry->key, entry->proof);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->key, entry->key);
  EXPECT_EQ(found->proof, entry->proof);
  EXPECT_EQ(found->asked_at_us, entry->asked_at_us);
  EXPECT_EQ(found->recorded_at_us, entry->recorded_at_us);
  EXPECT_EQ(found->duration_ms, entry->duration_ms);
  EXPECT_EQ(found->ttl_ms, entry->ttl_ms);
  EXPECT_EQ(found->route, entry->route);
  EXPECT_EQ(found->form, entry->form);
  EXPECT_EQ(found->model_asked, entry->model_asked);
  EXPECT_EQ(found->model_answered, entry->model_answered);
  EXPECT_EQ(found->finish_reason, entry->finish_reason);
  ASSERT_EQ(found->members.size(), 1u);
  EXPECT_EQ(found->members[0].name, "model");
  EXPECT_EQ(found->members[0].hash, 7u);
  EXPECT_EQ(body_of(found), "answer to q");
  EXPECT_EQ(found->answer->head().status, 200);
  EXPECT_EQ(found->answer->marks().size(), 1u);
  EXPECT_EQ(found->replay_head.view(), entry->replay_head.view());
}

TYPED_TEST_P(TierContract, FindsAnAnswerHoweverOftenItIsAsked) {
  const auto entry = sample("q");
  this->store(entry);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(this->found(entry), "answer to q");
}

TYPED_TEST_P(TierContract, FindsTheEmptyAnswer) {
  SampleEntry empty("q");
  empty.body.clear();
  const auto entry = std::move(empty).make();
  this->store(entry);
  EXPECT_EQ(this->found(entry), "");
}

TYPED_TEST_P(TierContract, AWrongProofFindsNothing) {
  const auto entry = sample("q");
  this->store(entry);
  base::Sha256 proof = entry->proof;
  proof.back() ^= 1;
  EXPECT_EQ(this->tier().find(entry->key, proof), nullptr);
  EXPECT_EQ(this->found(entry), "answer to q");
}

TYPED_TEST_P(TierContract, AKeyThatDiffersInOneBitFindsNothing) {
  const auto entry = sample("q");
  this->store(entry);
  for (const uint64_t bit : {0, 7, 31, 63}) {
    base::Digest128 key = entry->key;
    key.high ^= uint64_t{1} << bit;
    EXPECT_EQ(this->tier().find(key, entry->proof), nullptr);
    key = entry->key;
    key.low ^= uint64_t{1} << bit;
    EXPECT_EQ(this->tier().find(key, entry->proof), nullptr);
  }
}

TYPED_TEST_P(TierContract, LooksUpWithoutAProof) {
  const auto entry = sample("q");
  this->store(entry);
  EXPECT_EQ(body_of(this->tier().look_up(entry->key)), "answer to q");
  EXPECT_EQ(this->tier().look_up(base::xxh3_128("another")), nullptr);
}

TYPED_TEST_P(TierContract, OfTwoRecordingsTheOneAskedLaterStays) {
  SampleEntry later("q", 2'000'000);
  later.body = "later";
  SampleEntry earlier("q", 1'999'999);
  earlier.body = "earlier";
  // Although the earlier one took longer and arrives last.
  earlier.entry.recorded_at_us = 9'000'000;
  const auto entry = std::move(later).make();
  this->store(entry);
  this->store(std::move(earlier).make());
  EXPECT_EQ(this->found(entry), "later");
}

TYPED_TEST_P(TierContract, ALaterRecordingReplaces) {
  this->store(sample("q", 1'000'000));
  SampleEntry later("q", 1'000'001);
  later.body = "later, and of another size";
  const auto entry = std::move(later).make();
  this->store(entry);
  EXPECT_EQ(this->found(entry), "later, and of another size");
}

TYPED_TEST_P(TierContract, AnotherQuestionUnderTheSameKeyNeverGetsTheAnswer) {
  const auto first = sample("q", 1'000'000);
  this->store(first);
  SampleEntry other("q", 2'000'000);
  other.entry.proof = base::sha256("made to collide");
  other.body = "for the other question";
  const auto second = std::move(other).make();
  this->store(second);
  EXPECT_EQ(this->tier().find(first->key, first->proof), nullptr);
  EXPECT_EQ(this->found(second), "for the other question");
}

TYPED_TEST_P(TierContract, RemovesOneAndNoOther) {
  const auto gone = sample("gone");
  const auto kept = sample("kept");
  this->store(gone);
  this->store(kept);
  EXPECT_TRUE(this->tier().remove(gone->key));
  EXPECT_EQ(this->tier().find(gone->key, gone->proof), nullptr);
  EXPECT_EQ(this->tier().look_up(gone->key), nullptr);
  EXPECT_FALSE(this->tier().remove(gone->key));
  EXPECT_EQ(this->found(kept), "answer to kept");
}

TYPED_TEST_P(TierContract, StoresAgainWhatWasRemoved) {
  const auto entry = sample("q");
  this->store(entry);
  EXPECT_TRUE(this->tier().remove(entry->key));
  this->store(entry);
  EXPECT_EQ(this->found(entry), "answer to q");
}

TYPED_TEST_P(TierContract, HoldsLargeAnswersUnharmed) {
  SampleEntry large("q");
  large.body.resize(8u << 20);
  for (size_t i = 0; i < large.body.size(); ++i) {
    large.body[i] = static_cast<char>((i * 2654435761u) >> 13);
  }
  const std::string body = large.body;
  const auto entry = std::move(large).make();
  this->store(entry);
  EXPECT_TRUE(this->found(entry) == body);
}

TYPED_TEST_P(TierContract, AnAnswerOutlivesItsRemoval) {
  const auto entry = sample("q");
  this->store(entry);
  const auto found = this->tier().find(entry->key, entry->proof);
  this->tier().remove(entry->key);
  EXPECT_EQ(body_of(found), "answer to q");
}

TYPED_TEST_P(TierContract, ManyThreadsGetTheirOwnAnswers) {
  constexpr size_t kThreads = 4;
  constexpr size_t kQuestions = 16;
  std::vector<std::shared_ptr<const Entry>> entries;
  for (size_t i = 0; i < kQuestions; ++i) entries.push_back(sample("q" + std::to_string(i)));

  std::atomic<size_t> wrong{0};
  const auto work = [&](size_t thread) {
    for (size_t round = 0; round < 400; ++round) {
      const auto& entry = entries[(round * 7 + thread * 3) % kQuestions];
      if (round % 5 == thread % 5) this->tier().store(entry);
      if (round % 41 == thread) this->tier().remove(entry->key);
      const auto found = this->tier().find(entry->key, entry->proof);
      if (found != nullptr && body_of(found) != body_of(entry)) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  for (const auto& entry : entries) this->tier().store(entry);
  this->host_.settle();
  for (const auto& entry : entries) EXPECT_EQ(this->found(entry), body_of(entry));
}

REGISTER_TYPED_TEST_SUITE_P(TierContract, KnowsNothingAtFirst, FindsAllOfWhatWasStored,
                            FindsAnAnswerHoweverOftenItIsAsked, FindsTheEmptyAnswer,
                            AWrongProofFindsNothing, AKeyThatDiffersInOneBitFindsNothing,
                            LooksUpWithoutAProof, OfTwoRecordingsTheOneAskedLaterStays,
                            ALaterRecordingReplaces,
                            AnotherQuestionUnderTheSameKeyNeverGetsTheAnswer, RemovesOneAndNoOther,
                            StoresAgainWhatWasRemoved, HoldsLargeAnswersUnharmed,
                            AnAnswerOutlivesItsRemoval, ManyThreadsGetTheirOwnAnswers);

}  // namespace reprise::cache
