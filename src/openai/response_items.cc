#include "openai/response_items.h"

#include <array>

#include "base/digest.h"
#include "openai/json_replacement.h"

namespace reprise::openai {

namespace {

// An empty one names nothing.
bool is_id(std::string_view raw) { return is_json_string(raw) && !json_inside(raw).empty(); }

std::string_view prefix_for(std::string_view type) {
  struct Prefix {
    std::string_view type;
    std::string_view prefix;
  };
  static constexpr std::array<Prefix, 4> kPrefixes = {{{"\"message\"", "msg_"},
                                                       {"\"reasoning\"", "rs_"},
                                                       {"\"function_call\"", "fc_"},
                                                       {"\"custom_tool_call\"", "ctc_"}}};
  for (const Prefix& one : kPrefixes) {
    if (one.type == type) return one.prefix;
  }
  return "item_";
}

std::string derived_id(std::string_view item, size_t index) {
  std::string seed = std::to_string(index);
  seed.append(1, ' ').append(item);
  std::string id = "\"";
  id.append(prefix_for(json_member(item, "type")));
  id.append(base::xxh3_128(seed).hex()).append(1, '"');
  return id;
}

Refused check_items(std::string_view output, bool* complete) {
  if (!is_json_array(output)) return Unconvertible::kMalformed;
  Refused refused;
  base::for_each_json_element(output, [&](std::string_view item) {
    if (refused) return;
    if (!is_json_object(item)) {
      refused = Unconvertible::kContent;
      return;
    }
    const std::string_view id = json_member(item, "id");
    if (json_given(id) && !is_json_string(id)) refused = Unconvertible::kMember;
    if (!is_id(id)) *complete = false;
  });
  return refused;
}

void write_items(RawWriter& out, std::string_view output) {
  size_t index = 0;
  out.begin_array();
  base::for_each_json_element(output, [&](std::string_view item) {
    const std::string_view id = json_member(item, "id");
    const std::string derived = is_id(id) ? std::string() : derived_id(item, index);
    ++index;
    if (derived.empty()) {
      out.value(item);
    } else if (!id.empty()) {
      write_replaced(out, item, {{"id", derived}});
    } else {
      out.begin_object().member("id", derived).joined(json_inside(item)).end_object();
    }
  });
  out.end_array();
}

}  // namespace

Converted with_item_ids(std::string_view response, size_t bytes_max) {
  const std::string_view output = json_member(response, "output");
  bool complete = true;
  if (const Refused refused = check_items(output, &complete)) return tl::unexpected(*refused);
  if (complete) return std::string(response);
  RawWriter items(bytes_max);
  write_items(items, output);
  Converted written = std::move(items).take();
  if (!written) return written;
  RawWriter out(bytes_max);
  write_replaced(out, response, {{"output", *written}});
  return std::move(out).take();
}

}  // namespace reprise::openai
