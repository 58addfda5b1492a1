#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The message that a recorded messages stream builds. Refused if it has an event or a delta of a
// kind not known here.
Converted assemble_messages(std::string_view stream, size_t bytes_max);

}  // namespace reprise::openai
