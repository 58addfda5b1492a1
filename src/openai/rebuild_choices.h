#pragma once

#include <cstddef>
#include <string_view>

#include "openai/choice_assembly.h"
#include "openai/conversion.h"

namespace reprise::openai {

// A recorded stream of chunks with its usage chunk and its obfuscation as `wanted` has them. Every
// event keeps its data to the byte but for the obfuscation that goes; none is ever made up: it is
// padding, and nobody misses it. A chunk of usage is added only if other chunks tell it.
Converted rebuild_choices(ChoiceKind kind, std::string_view stream, const Form& wanted,
                          size_t bytes_max);

}  // namespace reprise::openai
