#include "openai/bypass.h"

#include <array>

namespace reprise::openai {

namespace {
constexpr std::array<std::string_view, kBypassReasonCount> kNames = {
    "mode_off",       "no_store",         "body_too_large", "content_type",   "content_encoding",
    "not_json",       "not_object",       "invalid_utf8",   "lone_surrogate", "duplicate_member",
    "depth",          "too_many_members", "trailing_bytes", "name_case",      "stream_not_boolean",
    "stream_options", "stateful",
};
static_assert(!kNames.back().empty());
}  // namespace

std::string_view bypass_name(BypassReason reason) { return kNames[static_cast<size_t>(reason)]; }

}  // namespace reprise::openai
