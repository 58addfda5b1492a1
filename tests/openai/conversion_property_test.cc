#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"
#include "openai/random_answer.h"

namespace reprise::openai {
namespace {

constexpr uint32_t kSeeds = 300;

struct Subject {
  RandomAnswer::Kind kind;
  Route route;
};

constexpr Subject kSubjects[] = {{RandomAnswer::Kind::kChat, Route::kChatCompletions},
                                 {RandomAnswer::Kind::kCompletions, Route::kCompletions}};

template <typename Check>
void for_each_answer(Check check) {
  for (const Subject& subject : kSubjects) {
    for (uint32_t seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
      SCOPED_TRACE(seed);
      RandomAnswer answer(subject.kind, seed);
      check(subject.route, answer);
    }
  }
}

TEST(ConversionProperty, HoweverAStreamIsCutItAmountsToTheSame) {
  for_each_answer([](Route route, RandomAnswer& answer) {
    const std::string json = answer.json();
    for (int i = 0; i < 3; ++i) {
      const std::string stream = answer.stream();
      EXPECT_EQ(said(assemble(route, stream, kRoomy)), json) << stream;
    }
  });
}

TEST(ConversionProperty, WhatIsSpokenInPiecesHasEveryMember) {
  for_each_answer([](Route route, RandomAnswer& answer) {
    const std::string with = said(synthesise(route, answer.json(), streamed(true), kRoomy));
    EXPECT_EQ(said(assemble(route, with, kRoomy)), answer.json()) << with;
    const std::string without = said(synthesise(route, answer.json(), streamed(), kRoomy));
    EXPECT_EQ(said(assemble(route, without, kRoomy)), answer.json(false)) << without;
    EXPECT_EQ(with.find("\xE2\x80\xA8"), std::string::npos);
  });
}

TEST(ConversionProperty, ARebuiltStreamAmountsToTheSame) {
  for_each_answer([](Route route, RandomAnswer& answer) {
    const std::string stream = answer.stream();
    const std::string bare = said(rebuild(route, stream, streamed(true, false), kRoomy));
    EXPECT_EQ(bare.find("obfuscation"), std::string::npos);
    EXPECT_EQ(said(assemble(route, bare, kRoomy)), answer.json()) << bare;
    EXPECT_EQ(said(rebuild(route, bare, streamed(true, false), kRoomy)), bare);
    const std::string spoken = said(synthesise(route, answer.json(), streamed(true), kRoomy));
    const std::string dropped = said(rebuild(route, spoken, streamed(false), kRoomy));
    EXPECT_EQ(dropped.find("\"usage\":{"), std::string::npos) << dropped;
  });
}

TEST(ConversionProperty, NoPrefixPassesForAnother) {
  for_each_answer([](Route route, RandomAnswer& answer) {
    const std::string stream = answer.stream();
    const std::string prefix = stream.substr(0, answer.pick(stream.size()));
    const Converted converted = assemble(route, prefix, kRoomy);
    // Between events anything may be missing: whether it is has been judged before.
    const size_t line_end = prefix.find_last_of("\r\n");
    const size_t event = prefix.rfind("data: {");
    const bool inside = event != std::string::npos && event + 1 > line_end + 1;
    EXPECT_FALSE(inside && converted) << prefix;
  });
}

TEST(ConversionProperty, EveryBoundHolds) {
  for_each_answer([](Route route, RandomAnswer& answer) {
    const size_t room = answer.pick(2000);
    for (const Converted& converted : {assemble(route, answer.stream(), room),
                                       synthesise(route, answer.json(), streamed(true), room),
                                       rebuild(route, answer.stream(), streamed(true), room)}) {
      if (converted) {
        EXPECT_LE(converted->size(), room);
      } else {
        EXPECT_EQ(said(converted), "refused: too_large");
      }
    }
  });
}

}  // namespace
}  // namespace reprise::openai
