#include "e2e/support/checks.h"

#include <gtest/gtest.h>
#include <regex.h>
#include <simdjson.h>

#include <cstdlib>
#include <ctime>

namespace reprise::e2e {

bool is_json(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

std::string json_at(const std::string& json, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element found;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(none)";
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::to_string(found);
}

void expect_error(const Response& response, int status, const std::string& code) {
  EXPECT_EQ(response.status, status) << response.body;
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.get("Content-Type").rfind("application/json", 0), 0U);
  EXPECT_EQ(json_at(response.body, "/error/code"), code) << response.body;
  EXPECT_EQ(json_at(response.body, "/error/type"), "reprise_error");
  EXPECT_EQ(json_at(response.body, "/error/param"), "null");
  EXPECT_GT(json_at(response.body, "/error/message").size(), 10U);
}

void expect_cache(const Response& response, const std::string& x_cache) {
  EXPECT_EQ(response.x_cache(), x_cache) << response.raw_head;
  EXPECT_EQ(response.fields.count("X-Cache"), 1U);
  EXPECT_EQ(response.fields.count("Cache-Status"), 1U);
  EXPECT_EQ(response.cache_status().rfind("reprise;", 0), 0U) << response.raw_head;
}

long ttl_of(const Response& response) {
  const std::string status = response.cache_status();
  const size_t at = status.find("; ttl=");
  EXPECT_NE(at, std::string::npos) << status;
  return at == std::string::npos ? 0 : std::atol(status.c_str() + at + 6);
}

bool matches(const std::string& text, const std::string& expression) {
  regex_t compiled;
  if (regcomp(&compiled, ("^(" + expression + ")$").c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
    throw HarnessError("not an expression: " + expression);
  }
  const bool matched = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return matched;
}

void eventually(const std::string& what, const std::function<bool()>& holds) {
  const Deadline deadline;
  while (!holds()) {
    if (deadline.passed()) throw HarnessError("never came true: " + what);
    const timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);  // between two looks, not in place of one
  }
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace reprise::e2e
