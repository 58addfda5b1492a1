#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/entry.h"

namespace reprise::cache {

// SampleEntry: makes an entry for the question `name`; what a test cares about it changes first.
struct SampleEntry {
  explicit SampleEntry(std::string_view name, int64_t asked_at_us = 1'000'000) {
    entry.key = base::xxh3_128(name);
    entry.proof = base::sha256(name);
    entry.asked_at_us = asked_at_us;
    entry.recorded_at_us = asked_at_us + 250'000;
    entry.duration_ms = 250;
    entry.ttl_ms = 3'600'000;
    entry.route = openai::Route::kChatCompletions;
    entry.model_asked = "gpt-4o";
    entry.model_answered = "gpt-4o-2024-08-06";
    entry.finish_reason = "stop";
    entry.members.push_back({"model", 7});
    body = "answer to " + std::string(name);
  }

  std::shared_ptr<const Entry> make() && {
    http::ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.fields.add("Content-Type", "application/json");
    std::vector<recording::Mark> marks;
    if (!body.empty()) marks.push_back({body.size(), 250});
    entry.answer = std::make_shared<const recording::Record>(
        std::move(head), base::Bytes::copy_of(body), std::move(marks));
    entry.replay_head =
        base::Bytes::copy_of("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
    return std::make_shared<const Entry>(std::move(entry));
  }

  Entry entry;
  std::string body;
};

inline std::shared_ptr<const Entry> sample(std::string_view name, int64_t asked_at_us = 1'000'000) {
  return SampleEntry(name, asked_at_us).make();
}

// Entry without a recording that costs about `bytes`, for tests of bounds.
inline std::shared_ptr<const Entry> ballast(std::string_view name, size_t bytes) {
  auto entry = std::make_shared<Entry>();
  entry->key = base::xxh3_128(name);
  entry->proof = base::sha256(name);
  entry->asked_at_us = 1;
  const size_t bare = entry->cost_bytes();
  if (bytes > bare) entry->replay_head = base::Bytes::with_size(bytes - bare);
  return entry;
}

inline std::string body_of(const std::shared_ptr<const Entry>& entry) {
  return entry == nullptr ? "(no entry)" : std::string(entry->answer->body().view());
}

}  // namespace reprise::cache
