#pragma once

#include <optional>
#include <string>

#include "openai/event_texts.h"

namespace reprise::openai {

// The data of `event`, to the byte, without its member `obfuscation`: padding that hides from
// eavesdroppers how long a piece of text is. Nothing if it has none.
std::optional<std::string> without_obfuscation(const EventText& event);

}  // namespace reprise::openai
