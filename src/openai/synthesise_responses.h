#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The event stream that says what a recorded responses answer says, and ends with all of it. Items
// that have no id get one, the same one everywhere.
Converted synthesise_responses(std::string_view json, size_t bytes_max);

}  // namespace reprise::openai
