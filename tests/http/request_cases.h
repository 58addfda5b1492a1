#pragma once

#include <gtest/gtest.h>

#include <string>

#include "http/event_log.h"

namespace reprise::http {

// What the parser tells about `input`, checked to be the same however it is cut.
inline std::string requests(const std::string& input, const HeadLimits& limits = {}) {
  const std::string whole = log_requests(input, limits, {});
  for (size_t split = 1; split < input.size(); ++split) {
    EXPECT_EQ(log_requests(input, limits, {.split = split}), whole) << "cut at " << split;
  }
  EXPECT_EQ(log_requests(input, limits, {.step = 1}), whole) << "byte by byte";
  EXPECT_EQ(log_requests(input, limits, {.step = 3}), whole) << "by threes";
  return whole;
}

// The status with which `input` is refused; 0 if it is taken.
inline int refusal(const std::string& input, const HeadLimits& limits = {}) {
  const std::string log = requests(input, limits);
  const size_t at = log.find("error ");
  return at == std::string::npos ? 0 : std::stoi(log.substr(at + 6));
}

inline std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\n" + fields + "\r\n"; }
inline std::string post(const std::string& fields, const std::string& body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
inline std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}

inline constexpr const char* kNext = "GET /next HTTP/1.1\r\nHost: n\r\n\r\n";
inline constexpr const char* kNextHead = "head GET /next 1.1 none keep [Host=n]\n";

}  // namespace reprise::http
