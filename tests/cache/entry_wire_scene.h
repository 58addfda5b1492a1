#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "cache/entries.h"
#include "cache/entry_wire.h"
#include "cache/same_entry.h"

namespace reprise::cache {

inline constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";

// RandomEntry: makes entries of which everything may be anything that an entry can be.
class RandomEntry {
 public:
  explicit RandomEntry(uint64_t seed) : random_(seed) {}

  std::shared_ptr<Entry> make() {
    auto entry = std::make_shared<Entry>();
    entry->key = {random_(), random_()};
    for (uint8_t& byte : entry->proof) byte = static_cast<uint8_t>(random_());
    entry->asked_at_us = number(EntryCodec::kTimeMaxUs);
    entry->recorded_at_us = number(EntryCodec::kTimeMaxUs);
    entry->duration_ms = number(base::kDurationMaxMs);
    entry->ttl_ms = number(base::kDurationMaxMs);
    entry->route = static_cast<openai::Route>(below(openai::kRouteCount));
    entry->form = form();
    entry->asked_form = form();
    entry->name_space = text(20);
    entry->model_asked = text(200);
    entry->model_answered = text(200);
    entry->finish_reason = text(10);
    entry->usage = {below(2) == 0, random_(), below(1000), random_()};
    for (size_t i = below(30); i > 0; --i) entry->members.push_back({text(40), random_()});
    entry->answer = record();
    std::string head(kStatusLine);
    for (size_t i = below(6); i > 0; --i) head.append("X-Any: " + std::to_string(i) + "\r\n");
    entry->replay_head = base::Bytes::copy_of(head);
    return entry;
  }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }
  int64_t number(int64_t max) {
    return below(4) == 0 ? max : static_cast<int64_t>(below(static_cast<uint64_t>(max)));
  }
  openai::Form form() { return {below(2) == 0, below(2) == 0, below(2) == 0}; }
  // Any bytes at all.
  std::string text(size_t size_max) {
    std::string text(below(size_max + 1), '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }
  std::string body() {
    constexpr std::string_view kEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    std::string body = text(3000);
    if (below(2) == 0) body.clear();
    for (size_t i = below(200); i > 0; --i) body.append(kEvent);
    return body;
  }
  std::shared_ptr<const recording::Record> record() {
    http::ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.framing = static_cast<http::Framing>(below(4));
    head.version = static_cast<http::Version>(below(2));
    head.keep_alive = below(2) == 0;
    head.content_length = random_();
    for (size_t i = below(200); i > 0; --i) head.fields.add("X-" + std::to_string(i), "value");
    const std::string bytes = body();
    std::vector<recording::Mark> marks;
    uint32_t offset_ms = 0;
    for (uint64_t end = 0; end < bytes.size() && bytes.size() % 3 != 0;) {
      end = std::min<uint64_t>(end + 1 + below(300), bytes.size());
      marks.push_back({end, offset_ms += static_cast<uint32_t>(below(1000))});
    }
    return std::make_shared<const recording::Record>(std::move(head), base::Bytes::copy_of(bytes),
                                                     std::move(marks));
  }

  std::mt19937_64 random_;
};

// EntryWireTest: a codec, and what it makes of values.
class EntryWireTest : public testing::Test {
 protected:
  static constexpr size_t kBytesMax = size_t{8} << 20;

  // Entries come back with the id of their model in this process.
  void expect_round_trip(const std::shared_ptr<Entry>& entry) {
    entry->model_id = models_.intern(entry->model_answered);
    const std::string value = codec_.encode(*entry);
    const auto back = codec_.decode(value);
    ASSERT_TRUE(back.has_value()) << value_fault_name(back.error());
    EXPECT_TRUE(same_entry(*entry, **back));
  }

  // What becomes of `entry` on its way out and back; "taken" if it comes back.
  std::string_view fate(const Entry& entry) { return fate_of_value(codec_.encode(entry)); }
  std::string_view fate_of_value(std::string_view value) {
    const auto back = codec_.decode(value);
    return back ? "taken" : value_fault_name(back.error());
  }
  std::string_view fate_of_replay_head(std::string_view head) {
    Entry entry = *sample("q");
    entry.replay_head = base::Bytes::copy_of(head);
    return fate(entry);
  }

  base::ModelTable models_;
  EntryCodec codec_{models_, kBytesMax};
};

inline std::string packed_form(std::string_view value) {
  return std::string(value.substr(WireFrame::kHeadBytes, value.size() - WireFrame::kOverheadBytes));
}

// As a forger would: a checksum stops nobody.
inline std::string forged(std::string_view payload, WireCoding coding = WireCoding::kPlain) {
  return WireFrame{WireKind::kEntry, coding, payload}.encode();
}

inline Entry entry_with_body(std::string body) {
  SampleEntry sample_entry("q");
  sample_entry.body = std::move(body);
  return *std::move(sample_entry).make();
}

}  // namespace reprise::cache
