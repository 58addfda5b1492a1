#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The answer that the last event of a recorded responses stream holds, as it is. Refused if that
// event leaves out what the events before it said.
Converted assemble_responses(std::string_view stream, size_t bytes_max);

}  // namespace reprise::openai
