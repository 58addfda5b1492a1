#include <gtest/gtest.h>

#include <map>
#include <string>

#include "openai/assemble_responses.h"
#include "openai/random_json.h"
#include "openai/raw_json.h"
#include "openai/synthesise_responses.h"
#include "openai/told_events.h"

namespace reprise::openai {
namespace {

std::string random_part(RandomJson& random) {
  if (random.chance(20)) {
    return random.with_others(R"("type":"refusal","refusal":)" + random.text(9));
  }
  if (random.chance(20)) return random.with_others(R"("type":"other","text":)" + random.value(2));
  std::string members = R"("type":"output_text","text":)" + random.text(12);
  if (random.chance(60)) {
    members += ",\"annotations\":[" + (random.chance(50) ? random.object(2) : "") + "]";
  }
  if (random.chance(30)) members += ",\"logprobs\":[" + random.object(2) + "]";
  return random.with_others(members);
}

std::string random_parts(RandomJson& random, const std::string& type) {
  std::string parts;
  for (size_t count = random.below(4); count > 0; --count) {
    parts += type.empty()
                 ? random_part(random)
                 : random.with_others("\"type\":\"" + type + "\",\"text\":" + random.text(9));
    if (count > 1) parts += ",";
  }
  return "[" + parts + "]";
}

// An item with an id that ends in `index`, or none.
std::string random_item(RandomJson& random, size_t index) {
  std::string members;
  if (random.chance(70)) members = "\"id\":\"it\\u0065m_" + std::to_string(index) + "\",";
  if (random.chance(50)) members += R"("status":"completed",)";
  switch (random.below(5)) {
    case 0:
      members += R"("type":"message","content":)" + random_parts(random, "");
      break;
    case 1:
      members += R"("type":"reasoning","summary":)" + random_parts(random, "summary_text");
      if (random.chance(50)) members += ",\"content\":" + random_parts(random, "reasoning_text");
      break;
    case 2:
      members += R"("type":"function_call","name":"f","arguments":)" + random.text(9);
      break;
    case 3:
      members += R"("type":"custom_tool_call","name":"f","input":)" + random.text(9);
      break;
    default:
      members += R"("type":"other","content":)" + random.value(2);
  }
  return random.with_others(members);
}

std::string random_response(RandomJson& random) {
  std::string items;
  for (size_t count = random.below(5); count > 0; --count) {
    items += random_item(random, count) + (count > 1 ? "," : "");
  }
  return random.with_others(R"("id":"resp_1","status":"completed","usage":{"x":1.0},"output":[)" +
                            items + "]");
}

// Replay: holds each event against those before it, as clients' helpers do.
class Replay {
 public:
  void take(const told::Event& event) {
    const std::string_view json = event.json;
    ASSERT_TRUE(json.starts_with("{\"type\":\"" + event.name + "\",\"sequence_number\":" +
                                 std::to_string(sequence_number_++) + ","));
    const std::string_view item_id = json_member(json, "item_id");
    if (event.name == "response.output_item.added") {
      ASSERT_TRUE(open_id_.empty());
      ASSERT_EQ(json_member(json, "output_index"), std::to_string(items_));
      open_id_ = json_member(json_member(json, "item"), "id");
      ASSERT_GT(open_id_.size(), 2u);
    } else if (event.name == "response.output_item.done") {
      ASSERT_EQ(json_member(json_member(json, "item"), "id"), open_id_);
      append_part(output_, json_member(json, "item"));
      open_id_.clear();
      ++items_;
    } else if (!item_id.empty()) {
      ASSERT_EQ(item_id, open_id_);
      take_inner(event.name, json);
    }
  }

  std::string output() const { return "[" + output_ + "]"; }
  bool closed() const { return open_id_.empty() && texts_.empty(); }

 private:
  void take_inner(const std::string& name, std::string_view json) {
    const std::string place = std::string(json_member(json, "content_index")) + "/" +
                              std::string(json_member(json, "summary_index"));
    if (name.ends_with(".delta")) {
      const std::string_view piece = json_member(json, "delta");
      ASSERT_GT(piece.size(), 2u);
      texts_[place] += json_inside(piece);
      return;
    }
    for (const std::string_view member : {"text", "refusal", "arguments", "input"}) {
      const std::string_view whole = json_member(json, member);
      if (whole.empty()) continue;
      ASSERT_EQ(texts_[place], json_inside(whole));
      texts_.erase(place);
    }
  }

  size_t sequence_number_ = 0;
  size_t items_ = 0;
  std::string open_id_;
  std::string output_;
  std::map<std::string, std::string> texts_;  // that deltas have begun, by place in the item
};

// `whole` without the ids that `json` does not have: both have the same items otherwise.
void expect_same_but_for_ids(const std::string& whole, const std::string& json) {
  std::string output;
  std::string_view rest = json_member(whole, "output");
  base::for_each_json_element(json_member(json, "output"), [&](std::string_view item) {
    rest.remove_prefix(1);
    std::string told_item(rest.substr(0, base::json_value_size(rest)));
    rest.remove_prefix(told_item.size());
    if (json_member(item, "id").empty()) {
      const std::string id(json_member(told_item, "id"));
      const size_t at = told_item.find("\"id\":" + id);
      ASSERT_NE(at, std::string::npos);
      told_item.erase(at, 5 + id.size() + 1);
    }
    append_part(output, told_item);
  });
  std::string bare = whole;
  const std::string_view told_output = json_member(whole, "output");
  bare.replace(static_cast<size_t>(told_output.data() - whole.data()), told_output.size(),
               "[" + output + "]");
  EXPECT_EQ(bare, json);
}

TEST(ResponsesProperty, EveryMemberSurvivesBothWays) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    RandomJson random(seed);
    const std::string json = told::spelled(random_response(random));
    const std::string stream = said(synthesise_responses(json, kRoomy));
    Replay replay;
    for (const told::Event& one : told::events_of(stream)) {
      replay.take(one);
      ASSERT_FALSE(testing::Test::HasFatalFailure());
    }
    EXPECT_TRUE(replay.closed());
    const std::string whole = said(assemble_responses(stream, kRoomy));
    ASSERT_EQ(json_member(whole, "output"), replay.output());
    expect_same_but_for_ids(whole, json);
    ASSERT_FALSE(testing::Test::HasFailure());
    // With ids it is settled: the same stream comes of it.
    ASSERT_EQ(said(synthesise_responses(whole, kRoomy)), stream);
    ASSERT_EQ(said(rebuild(Route::kResponses, stream, streamed(true, false), kRoomy)), stream);
  }
}

TEST(ResponsesProperty, DamageIsRefusedOrMakesAnotherResponse) {
  RandomJson random(7);
  size_t refused = 0;
  for (size_t round = 0; round < 2000; ++round) {
    const std::string json = random_response(random);
    const std::string stream = said(synthesise_responses(json, kRoomy));
    const std::string damaged = random.damaged(stream);
    const Converted back = assemble_responses(damaged, stream.size());
    if (back) {
      ASSERT_EQ(told::spelled(*back), *back);
    }
    refused += back ? 0 : 1;
    const Converted rebuilt = rebuild(Route::kResponses, damaged, streamed(true, false), kRoomy);
    if (rebuilt) {
      ASSERT_EQ(said(rebuild(Route::kResponses, *rebuilt, streamed(true, false), kRoomy)),
                *rebuilt);
    }
    const Converted told_again = synthesise_responses(random.damaged(json), kRoomy);
    if (told_again) {
      ASSERT_GE(told::events_of(*told_again).size(), 3u);
    }
  }
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace reprise::openai
