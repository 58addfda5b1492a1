#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// The values that are more than a word or a number. Each error says what was expected, not what was
// found.

// HOST:PORT, [v6]:PORT or unix:PATH; port 0 is one.
base::Result<ListenAddress> parse_listen_address(std::string_view text);
// HOST:PORT or [v6]:PORT.
base::Result<HostPort> parse_host_port(std::string_view text);
// [NAME=]http[s]://HOST[:PORT][/PATH].
base::Result<UpstreamAddress> parse_upstream(std::string_view text);
// 1 to 128 of A-Za-z0-9._:-, or nothing at all.
base::Result<std::string> parse_namespace(std::string_view text);
// What fits a header field and no other: visible ASCII.
base::Result<std::string> parse_admin_token(std::string_view text);
// A decimal number from `lowest` to `highest`, digits only.
base::Result<uint64_t> parse_count(std::string_view text, uint64_t lowest, uint64_t highest);

// What takes a secret's place in whatever is printed; no value of a secret itself.
inline constexpr std::string_view kMask = "***";

// The parts of `text` between commas, without the blanks around them.
std::vector<std::string> split_commas(std::string_view text);

}  // namespace reprise::app
