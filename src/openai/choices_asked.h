#pragma once

#include <cstdint>
#include <string_view>

#include "openai/answer_json.h"
#include "openai/endpoint.h"

namespace reprise::openai {

// How many choices a complete answer to this body has: n × prompts where the route knows choices, 1
// elsewhere and where the body does not say.
uint32_t choices_asked(Route route, std::string_view body, AnswerJson& json);

}  // namespace reprise::openai
