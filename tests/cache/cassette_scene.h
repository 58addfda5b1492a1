#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/json_layout.h"
#include "cache/cassette_file.h"
#include "cache/entries.h"
#include "cache/entry_wire.h"
#include "cache/replay_head.h"
#include "cache/same_entry.h"
#include "fakes/gzip.h"
#include "http/content_coding.h"
#include "openai/random_json.h"
#include "openai/replay_head.h"

namespace reprise::cache {

// Question: a canonical body and what an entry says of it.
struct Question {
  std::string body;
  std::vector<openai::MemberHash> members;
};

inline Question question_of(std::string_view json) {
  base::JsonNormaliser reader;
  EXPECT_EQ(reader.read(json), base::JsonFault::kNone) << json;
  Question question{std::string(reader.text()), {}};
  base::for_each_json_member(question.body, [&](std::string_view name, std::string_view value) {
    question.members.push_back({std::string(name), base::xxh3_64(value)});
  });
  return question;
}

// What arrives at random in pieces of up to `piece_max` bytes.
inline std::vector<recording::Mark> arrivals(size_t size, size_t piece_max,
                                             openai::RandomJson& random) {
  std::vector<recording::Mark> marks;
  uint32_t offset_ms = 0;
  for (uint64_t end = 0; end < size;) {
    end = std::min<uint64_t>(end + 1 + random.below(piece_max), size);
    offset_ms += static_cast<uint32_t>(random.below(3));
    if (!marks.empty() && marks.back().offset_ms == offset_ms) marks.pop_back();
    marks.push_back({end, offset_ms});
  }
  return marks;
}

// RandomAnswer: makes entries of which everything may be anything that can come from an endpoint,
// and from tests and other tiers that know nothing of it.
class RandomAnswer {
 public:
  explicit RandomAnswer(uint64_t seed) : random_(seed) {}

  std::shared_ptr<Entry> make() {
    auto entry = std::make_shared<Entry>();
    entry->key = base::xxh3_128(std::to_string(random_.below(SIZE_MAX)));
    entry->proof = base::sha256(std::to_string(random_.below(SIZE_MAX)));
    entry->asked_at_us = number(EntryCodec::kTimeMaxUs);
    entry->recorded_at_us = number(EntryCodec::kTimeMaxUs);
    entry->duration_ms = number(base::kDurationMaxMs);
    entry->ttl_ms = number(base::kDurationMaxMs);
    entry->route = static_cast<openai::Route>(random_.below(openai::kRouteCount));
    entry->form = form();
    entry->asked_form = form();
    entry->name_space = text();
    entry->model_asked = text();
    entry->model_answered = text();
    entry->finish_reason = text();
    if (random_.chance(50)) entry->usage = {true, random_.below(SIZE_MAX), 7, random_.below(99)};
    entry->answer = record(entry->form.stream);
    return entry;
  }

  Question question() { return question_of("{" + random_.members(4, random_.below(6)) + "}"); }

 private:
  int64_t number(int64_t max) {
    return random_.chance(20) ? max : static_cast<int64_t>(random_.below(static_cast<size_t>(max)));
  }
  openai::Form form() { return {random_.chance(60), random_.chance(50), random_.chance(50)}; }

  // Mostly words, now and then any bytes at all.
  std::string text() {
    if (random_.chance(80)) return "gpt-4o-\xC3\xA9\"" + std::to_string(random_.below(100));
    std::string bytes(random_.below(20), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
    return bytes;
  }

  std::string stream() {
    static constexpr std::string_view kEnds[] = {"\n", "\r\n", "\r"};
    std::string bytes = random_.chance(10) ? "\xEF\xBB\xBF" : "";
    for (size_t events = random_.below(40); events > 0; --events) {
      const std::string_view end = kEnds[random_.below(3)];
      if (random_.chance(20)) bytes.append(": keep-alive").append(end);
      if (random_.chance(20)) bytes.append(end);
      if (random_.chance(30)) bytes.append("event: x").append(end);
      bytes.append("data: ").append(random_.object(3)).append(end).append(end);
    }
    if (random_.chance(30)) bytes += "data: [DONE]";
    return bytes;
  }

  std::string whole() {
    const std::string raw = question_of("{" + random_.members(4, 1 + random_.below(5)) + "}").body;
    switch (random_.below(6)) {
      case 0:
        return *base::lay_out_json(raw, base::JsonLayout::kExpanded, SIZE_MAX) + "\n";
      case 1:
        return "\n\n" + raw + " \r\n";
      case 2:
        return "{ \"a\":" + raw + ",\n\"b\":\"\\u00e9\"}\n";
      case 3:
        return "[" + raw + "]";
      case 4:
        return random_.chance(50) ? "" : std::string("\xFF\x00torn", 6) + raw;
      default:
        return raw;
    }
  }

  std::shared_ptr<const recording::Record> record(bool is_stream) {
    http::ResponseHead head;
    head.status = random_.chance(90) ? 200 : 201;
    head.reason = random_.chance(90) ? "OK" : "any \xFF thing";
    head.fields.add("Content-Type", is_stream ? "text/event-stream" : "application/json");
    if (random_.chance(30)) head.fields.add("Set-Cookie", "session=secret");
    if (random_.chance(30)) head.fields.add("openai-version", "2020-10-01");
    if (random_.chance(30)) head.fields.add("Access-Control-X", "\"odd\" \x80\xFF\t, \xC3\xA9");
    std::string body = is_stream ? stream() : whole();
    if (random_.chance(10)) body.append("\xF0\x9F\x98");
    const bool is_coded = random_.chance(20);
    if (is_coded) {
      head.fields.add("Content-Encoding", "gzip");
      body = fakes::gzip(body);
    }
    std::vector<recording::Mark> marks;
    if (is_coded || random_.chance(80))
      marks = arrivals(body.size(), 1 + random_.below(60), random_);
    return std::make_shared<const recording::Record>(std::move(head), base::Bytes::copy_of(body),
                                                     std::move(marks));
  }

  openai::RandomJson random_;
};

// CassetteFileTest: a codec, and what it makes of entries and files.
class CassetteFileTest : public testing::Test {
 protected:
  static constexpr size_t kBytesMax = size_t{1} << 20;

  std::string file_of(const Entry& entry, std::string_view question = {}) {
    auto text = codec_.encode(entry, question);
    if (text) return *std::move(text);
    ADD_FAILURE() << text.error().detail;
    return {};
  }
  std::shared_ptr<const Entry> entry_of(std::string_view text, std::string* question = nullptr) {
    auto entry = codec_.decode(text, question);
    if (entry) return *std::move(entry);
    ADD_FAILURE() << entry.error().detail << "\n" << text;
    return nullptr;
  }
  // Why `text` is no file; "taken" if it is one.
  std::string fate(std::string_view text) {
    const auto entry = codec_.decode(text);
    return entry ? "taken" : entry.error().detail;
  }

  base::ModelTable models_;
  CassetteCodec codec_{models_, kBytesMax};
};

// `text` with the first `from` in it replaced.
inline std::string edited(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " is not in\n" << text;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace reprise::cache
