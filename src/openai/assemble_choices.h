#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The whole answer that the chunks of chat/completions, or of completions, add up to.
Converted assemble_chat(std::string_view stream, size_t bytes_max);
Converted assemble_completions(std::string_view stream, size_t bytes_max);

}  // namespace reprise::openai
