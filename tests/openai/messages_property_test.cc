#include <gtest/gtest.h>

#include <string>

#include "openai/assemble_messages.h"
#include "openai/random_json.h"
#include "openai/synthesise_messages.h"
#include "openai/told_events.h"

namespace reprise::openai {
namespace {

std::string random_block(RandomJson& random) {
  switch (random.below(6)) {
    case 0:
    case 1: {
      std::string members = R"("type":"text","text":)" + random.text(12);
      if (random.chance(30)) {
        members += ",\"citations\":[" + random.object(2) + "," + random.object(1) + "]";
      } else if (random.chance(10)) {
        members += ",\"citations\":null";
      }
      return random.with_others(members);
    }
    case 2:
      return random.with_others(R"("type":"thinking","thinking":)" + random.text(12) +
                                ",\"signature\":" + random.text(2));
    case 3:
    case 4:
      return random.with_others(R"("type":"tool_use","id":"t","name":"f","input":)" +
                                random.object(4));
    default:
      return random.with_others(R"("type":"other","text":)" + random.value(2));
  }
}

std::string random_message(RandomJson& random) {
  std::string content;
  for (size_t count = random.below(5); count > 0; --count) {
    content += random_block(random) + (count > 1 ? "," : "");
  }
  const std::string usage =
      random.with_others("\"output_tokens\":" + std::to_string(random.below(40)));
  std::string members = R"("id":"msg_1","type":"message","content":[)" + content +
                        R"(],"stop_reason":"end_turn","stop_sequence":)" + random.value(0);
  if (random.chance(20)) members += ",\"stop_details\":" + random.value(1);
  return random.with_others(members + ",\"usage\":" + usage);
}

// The same events, framed in another way.
std::string reframed(RandomJson& random, const std::string& stream) {
  std::string other;
  for (const auto& one : told::events_of(stream)) {
    const std::string end = random.chance(50) ? "\r\n" : random.chance(50) ? "\n" : "\r";
    if (random.chance(20)) other += ":" + end;
    if (random.chance(20)) other += "event: ping" + end + "data: {\"type\":\"ping\"}" + end + end;
    if (random.chance(50)) other += "event:" + one.name + end;
    // The first comma of a payload is between two members: white space may follow.
    const size_t comma = one.json.find(',');
    if (comma != std::string::npos && random.chance(50)) {
      other += "data:" + one.json.substr(0, comma + 1) + end;
      other += "data: \t" + one.json.substr(comma + 1) + end;
    } else {
      other += "data:" + one.json + end;
    }
    other += end;
  }
  return other + (random.chance(50) ? "data: [DONE]\n\n" : "");
}

TEST(MessagesProperty, EveryMemberSurvivesBothWays) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    RandomJson random(seed);
    const std::string json = told::spelled(random_message(random));
    const std::string stream = said(synthesise_messages(json, kRoomy));
    ASSERT_EQ(said(assemble_messages(stream, kRoomy)), json) << "seed " << seed;
    ASSERT_EQ(said(assemble_messages(reframed(random, stream), kRoomy)), json) << "seed " << seed;
    for (const auto& one : told::events_of(stream)) {
      ASSERT_TRUE(one.json.starts_with("{\"type\":\"" + one.name + "\"")) << "seed " << seed;
    }
  }
}

TEST(MessagesProperty, DamageIsRefusedOrMakesAnotherMessage) {
  RandomJson random(7);
  size_t refused = 0;
  for (size_t round = 0; round < 2000; ++round) {
    const std::string json = random_message(random);
    const std::string stream = said(synthesise_messages(json, kRoomy));
    const Converted back = assemble_messages(random.damaged(stream), stream.size());
    if (back) {
      ASSERT_EQ(told::spelled(*back), *back);
    }
    refused += back ? 0 : 1;
    const Converted told_again = synthesise_messages(random.damaged(json), kRoomy);
    if (told_again) {
      ASSERT_GE(told::events_of(*told_again).size(), 3u);
    }
  }
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace reprise::openai
