#include "openai/chunk_head.h"

namespace reprise::openai {

namespace {

bool is_zero(std::string_view number) {
  const std::string_view digits = number.substr(0, number.find_first_of("eE"));
  return digits.find_first_of("123456789") == std::string_view::npos;
}

bool says_something(std::string_view raw) {
  switch (json_kind(raw)) {
    case JsonKind::kAbsent:
    case JsonKind::kNull:
      return false;
    case JsonKind::kString:
      return raw.size() > 2;
    case JsonKind::kNumber:
      return !is_zero(raw);
    default:
      return true;
  }
}

void keep_first(std::string& kept, std::string_view raw) {
  if (kept == raw) return;  // as nearly always
  if (kept.empty() || (!says_something(kept) && says_something(raw))) kept.assign(raw);
}

void keep_latest(std::string& kept, std::string_view raw) {
  if (kept.empty() || json_given(raw)) kept.assign(raw);
}

void write_if_present(RawWriter& out, std::string_view name, std::string_view raw) {
  if (!raw.empty()) out.member(name, raw);
}

}  // namespace

bool ChunkHead::add(std::string_view name, std::string_view raw) {
  if (name == "id") {
    keep_first(id_, raw);
  } else if (name == "created") {
    keep_first(created_, raw);
  } else if (name == "model") {
    keep_first(model_, raw);
  } else if (name == "service_tier") {
    keep_latest(service_tier_, raw);
  } else if (name == "system_fingerprint") {
    keep_latest(system_fingerprint_, raw);
  } else {
    return name == "object";
  }
  return true;
}

void ChunkHead::write(RawWriter& out, std::string_view object) const {
  write_if_present(out, "id", id_);
  out.text_member("object", object);
  write_if_present(out, "created", created_);
  write_if_present(out, "model", model_);
}

void ChunkHead::write_service(RawWriter& out) const {
  write_if_present(out, "service_tier", service_tier_);
  if (json_given(system_fingerprint_)) out.member("system_fingerprint", system_fingerprint_);
}

}  // namespace reprise::openai
