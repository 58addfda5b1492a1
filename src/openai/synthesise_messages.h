#pragma once

#include <cstddef>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

// The event stream that builds a recorded message. Refused without usage: the official clients'
// helpers rely on it.
Converted synthesise_messages(std::string_view json, size_t bytes_max);

}  // namespace reprise::openai
