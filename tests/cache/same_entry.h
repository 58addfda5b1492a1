#pragma once

#include <algorithm>

#include "cache/entry.h"

namespace reprise::cache {

inline bool same_form(const openai::Form& a, const openai::Form& b) {
  return a.stream == b.stream && a.include_usage == b.include_usage &&
         a.include_obfuscation == b.include_obfuscation;
}

inline bool same_fields(const http::Fields& a, const http::Fields& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
  }
  return true;
}

inline bool same_record(const recording::Record& a, const recording::Record& b) {
  const http::ResponseHead& head = a.head();
  const http::ResponseHead& other = b.head();
  return head.status == other.status && head.reason == other.reason &&
         head.version == other.version && head.framing == other.framing &&
         head.content_length == other.content_length && head.keep_alive == other.keep_alive &&
         same_fields(head.fields, other.fields) && a.body().view() == b.body().view() &&
         std::ranges::equal(a.marks(), b.marks(),
                            [](const recording::Mark& one, const recording::Mark& two) {
                              return one.end == two.end && one.offset_ms == two.offset_ms;
                            });
}

// True if both hold the same to the last bit: more than equality asks of a Form.
inline bool same_entry(const Entry& a, const Entry& b) {
  return a.key == b.key && a.proof == b.proof && a.asked_at_us == b.asked_at_us &&
         a.recorded_at_us == b.recorded_at_us && a.duration_ms == b.duration_ms &&
         a.ttl_ms == b.ttl_ms && a.route == b.route && same_form(a.form, b.form) &&
         same_form(a.asked_form, b.asked_form) && a.name_space == b.name_space &&
         a.model_asked == b.model_asked && a.model_answered == b.model_answered &&
         a.finish_reason == b.finish_reason && a.usage == b.usage && a.model_id == b.model_id &&
         std::ranges::equal(a.members, b.members,
                            [](const openai::MemberHash& one, const openai::MemberHash& two) {
                              return one.name == two.name && one.hash == two.hash;
                            }) &&
         same_record(*a.answer, *b.answer) && a.replay_head.view() == b.replay_head.view();
}

}  // namespace reprise::cache
