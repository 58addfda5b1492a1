#pragma once

#include <string>
#include <string_view>

namespace reprise::openai {

// Base64 (RFC 4648, section 4) with its padding. False if `text` is none.
[[nodiscard]] bool append_base64_decoded(std::string& out, std::string_view text);
void append_base64(std::string& out, std::string_view bytes);

}  // namespace reprise::openai
