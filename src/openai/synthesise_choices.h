#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The chunks in which chat/completions, or completions, would have said the whole answer `json`.
Converted synthesise_chat(std::string_view json, const Form& wanted, size_t bytes_max);
Converted synthesise_completions(std::string_view json, const Form& wanted, size_t bytes_max);

}  // namespace reprise::openai
