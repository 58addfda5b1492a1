#pragma once

#include <string_view>

#include "openai/event_texts.h"

namespace reprise::openai {

// What `event` is, raw: its JSON says so, else its `event` line; empty if that is no string.
inline std::string_view event_type(const EventText& event) {
  const std::string_view type = json_member(event.json, "type");
  if (!json_given(type)) return event.name;
  return is_json_string(type) ? json_inside(type) : std::string_view();
}

}  // namespace reprise::openai
