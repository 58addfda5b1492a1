// Whatever an entry is, its file says it, and what is read is what was written.
#include "cache/cassette_body.h"
#include "cache/cassette_scene.h"

namespace reprise::cache {
namespace {

std::string plain_body(const recording::Record& record) {
  if (!record.head().fields.find("Content-Encoding")) return std::string(record.body().view());
  const auto decoder = http::Decoder::make("gzip", size_t{64} << 20);
  std::string plain;
  const auto sink = [&](std::string_view piece) { plain.append(piece); };
  EXPECT_TRUE(decoder->decode(record.body().view(), sink).has_value());
  return plain;
}

std::string replayed_fields(const recording::Record& record) {
  std::string lines;
  for (size_t i = 0; i < record.head().fields.size(); ++i) {
    const http::Fields::Field field = record.head().fields[i];
    if (!openai::belongs_to_answer(field.name, openai::ReplayBody::kDecoded)) continue;
    lines.append(field.name).append(": ").append(field.value).append("\n");
  }
  return lines;
}

// When the byte before `end` had come.
uint32_t arrival(const std::vector<recording::Mark>& marks, uint64_t end) {
  for (const recording::Mark& mark : marks) {
    if (mark.end >= end) return mark.offset_ms;
  }
  return 0;
}

// Every event has the time of its last byte, whatever arrived in pieces.
void expect_times(const Entry& was, const Entry& is) {
  const std::vector<recording::Mark>& marks = is.answer->marks();
  const size_t size = is.answer->body().size();
  uint64_t end = 0;
  for (const recording::Mark& mark : marks) {
    EXPECT_GT(mark.end, end);
    end = mark.end;
  }
  EXPECT_EQ(end, marks.empty() ? 0 : size);
  // What ends a coding is not part of the answer.
  const bool is_coded = was.answer->head().fields.find("Content-Encoding").has_value();
  if (was.answer->marks().empty() || size == 0 || is_coded) return;
  EXPECT_EQ(arrival(marks, size), was.answer->marks().back().offset_ms);
  if (!was.form.stream || !base::valid_utf8(was.answer->body().view())) return;
  for (const uint64_t event : event_ends(was.answer->body().view())) {
    EXPECT_EQ(arrival(marks, event), arrival(was.answer->marks(), event));
  }
}

void expect_same(const Entry& was, const Entry& is) {
  EXPECT_EQ(is.key, was.key);
  EXPECT_EQ(is.proof, was.proof);
  EXPECT_EQ(is.asked_at_us, was.asked_at_us);
  EXPECT_EQ(is.recorded_at_us, was.recorded_at_us);
  EXPECT_EQ(is.duration_ms, was.duration_ms);
  EXPECT_EQ(is.ttl_ms, was.ttl_ms);
  EXPECT_EQ(is.route, was.route);
  EXPECT_EQ(is.form, was.form);
  EXPECT_EQ(is.asked_form, was.asked_form);
  EXPECT_EQ(is.name_space, was.name_space);
  EXPECT_EQ(is.model_asked, was.model_asked);
  EXPECT_EQ(is.model_answered, was.model_answered);
  EXPECT_EQ(is.finish_reason, was.finish_reason);
  EXPECT_EQ(is.usage, was.usage);
  ASSERT_EQ(is.members.size(), was.members.size());
  for (size_t i = 0; i < is.members.size(); ++i) {
    EXPECT_EQ(is.members[i].name, was.members[i].name);
    EXPECT_EQ(is.members[i].hash, was.members[i].hash);
  }
  EXPECT_EQ(is.answer->head().status, was.answer->head().status);
  EXPECT_EQ(is.answer->head().reason, was.answer->head().reason);
  EXPECT_EQ(replayed_fields(*is.answer), replayed_fields(*was.answer));
  EXPECT_FALSE(is.answer->head().fields.find("Content-Encoding"));
  EXPECT_EQ(is.answer->body().view(), plain_body(*was.answer));
  EXPECT_EQ(is.replay_head.view(), make_replay_head(is).view());
  expect_times(was, is);
}

class CassetteProperty : public CassetteFileTest {};

TEST_F(CassetteProperty, WhatIsReadIsWhatWasWritten) {
  for (uint64_t seed = 1; seed <= 600 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomAnswer random(seed);
    const auto entry = random.make();
    const Question question = random.question();
    entry->members = question.members;
    const std::string text = file_of(*entry, question.body);
    EXPECT_TRUE(base::valid_utf8(text) && text.ends_with("}\n"));
    std::string asked;
    const auto back = entry_of(text, &asked);
    ASSERT_NE(back, nullptr);
    expect_same(*entry, *back);
    EXPECT_EQ(asked, question.body);
    // And writing that again changes nothing any more.
    EXPECT_EQ(file_of(*back, asked), text);
  }
}

TEST_F(CassetteProperty, WithoutItsBodyAQuestionHasOnlyHashes) {
  RandomAnswer random(7);
  const auto entry = random.make();
  entry->members = random.question().members;
  std::string asked;
  const auto back = entry_of(file_of(*entry), &asked);
  ASSERT_NE(back, nullptr);
  expect_same(*entry, *back);
  EXPECT_EQ(asked, "");
}

TEST_F(CassetteProperty, EveryRouteIsReadBack) {
  for (size_t route = 0; route < openai::kRouteCount; ++route) {
    Entry entry = *sample("q");
    entry.route = static_cast<openai::Route>(route);
    const auto back = entry_of(file_of(entry));
    ASSERT_NE(back, nullptr);
    EXPECT_EQ(back->route, entry.route);
  }
}

}  // namespace
}  // namespace reprise::cache
