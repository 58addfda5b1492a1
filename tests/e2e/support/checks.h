#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "e2e/support/raw_client.h"

namespace reprise::e2e {

// The value at a JSON pointer ("/error/code"): a string's text, anything else as it is written.
// "(none)" when there is nothing, or the text is no JSON.
std::string json_at(const std::string& json, std::string_view pointer);
bool is_json(const std::string& text);

// One of reprise's own errors, in the shape that OpenAI's SDKs read.
void expect_error(const Response& response, int status, const std::string& code);

// The labels and the numbers of one answer's cache headers.
void expect_cache(const Response& response, const std::string& x_cache);

// The `ttl=` of Cache-Status.
long ttl_of(const Response& response);

// True if all of `text` is of the shape that a POSIX extended expression describes. (std::regex
// does not get past gcc 12's warnings in sanitized builds.)
bool matches(const std::string& text, const std::string& expression);

// Looks until `holds` does; throws when that takes too long.
void eventually(const std::string& what, const std::function<bool()>& holds);

bool contains(std::string_view text, std::string_view part);

}  // namespace reprise::e2e
