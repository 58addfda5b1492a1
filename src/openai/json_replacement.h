#pragma once

#include <initializer_list>
#include <string_view>

#include "openai/raw_json.h"

namespace reprise::openai {

// JsonReplacement: what a member is to say instead. An object that has no such member gets none.
struct JsonReplacement {
  std::string_view name;
  std::string_view raw;
};

// Writes `object` with the members that `replacements` name replaced where they are.
inline void write_replaced(RawWriter& out, std::string_view object,
                           std::initializer_list<JsonReplacement> replacements) {
  out.begin_object();
  base::for_each_json_member(object, [&](std::string_view name, std::string_view value) {
    for (const JsonReplacement& one : replacements) {
      if (one.name == name) value = one.raw;
    }
    out.member(name, value);
  });
  out.end_object();
}

}  // namespace reprise::openai
