#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "http/sse.h"
#include "openai/converting.h"

namespace reprise::openai::told {

// The one spelling of `json`; the test fails if it is no object.
inline std::string spelled(std::string_view json) {
  base::JsonNormaliser normaliser;
  EXPECT_EQ(normaliser.read(json), base::JsonFault::kNone) << json;
  return std::string(normaliser.text());
}

// An event whose payload says its type and `members`.
inline std::string event(const std::string& type, const std::string& members = "") {
  std::string text = "event: " + type + "\ndata: {\"type\":\"" + type + "\"";
  if (!members.empty()) text += "," + members;
  return text + "}\n\n";
}

struct Event {
  std::string name;
  std::string json;  // in its one spelling
};

// The events of `stream`, which must be whole, in lines that end in LF and nothing else.
inline std::vector<Event> events_of(std::string_view stream) {
  std::vector<Event> events;
  for (const std::string_view splitter : {"\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    EXPECT_EQ(stream.find(splitter), std::string_view::npos);
  }
  base::JsonNormaliser normaliser;
  http::SseReader reader(stream.size());
  reader.feed(stream, [&](const http::SseReader::Event& one) {
    EXPECT_EQ(normaliser.read(one.data), base::JsonFault::kNone) << one.data;
    events.push_back({std::string(one.name), std::string(normaliser.text())});
  });
  EXPECT_FALSE(reader.take_pending());
  EXPECT_FALSE(reader.has_ids());
  return events;
}

// The names of the events, each run of equal ones counted: "a b*3 c".
inline std::string order_of(std::string_view stream) {
  std::string order;
  std::string last;
  size_t count = 0;
  const auto flush = [&] {
    if (count == 0) return;
    if (!order.empty()) order += ' ';
    order += last;
    if (count > 1) order += '*' + std::to_string(count);
  };
  for (const Event& one : events_of(stream)) {
    if (one.name == last) {
      ++count;
      continue;
    }
    flush();
    last = one.name;
    count = 1;
  }
  flush();
  return order;
}

}  // namespace reprise::openai::told
