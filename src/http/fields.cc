#include "http/fields.h"

#include "base/check.h"

namespace reprise::http {

namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
}  // namespace

bool iequals_same_size(std::string_view a, std::string_view b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

void Fields::add(std::string_view name, std::string_view value) {
  begin();
  append_name(name);
  append_value(value);
}

void Fields::begin() {
  const auto here = static_cast<uint32_t>(text_.size());
  entries_.push_back({here, 0, here, 0});
}

void Fields::append_name(std::string_view piece) {
  CHECK(!entries_.empty() && entries_.back().value_size == 0);
  text_.append(piece);
  entries_.back().name_size += static_cast<uint32_t>(piece.size());
  entries_.back().value_offset = static_cast<uint32_t>(text_.size());
}

void Fields::append_value(std::string_view piece) {
  CHECK(!entries_.empty());
  text_.append(piece);
  entries_.back().value_size += static_cast<uint32_t>(piece.size());
}

void Fields::trim_last() {
  Entry& last = entries_.back();
  while (last.value_size > 0) {
    const char c = text_[last.value_offset + last.value_size - 1];
    if (c != ' ' && c != '\t') break;
    --last.value_size;
  }
}

size_t Fields::remove(std::string_view name) {
  return remove_if([&](const Field& field) { return iequals(field.name, name); });
}

void Fields::remove_at(size_t index) {
  CHECK(index < entries_.size());
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Fields::clear() {
  text_.clear();
  entries_.clear();
}

void Fields::shrink_to_fit() {
  text_.shrink_to_fit();
  entries_.shrink_to_fit();
}

Fields::Field Fields::operator[](size_t index) const { return field_of(entries_[index]); }

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Field field = (*this)[i];
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

size_t Fields::count(std::string_view name) const {
  size_t found = 0;
  for (size_t i = 0; i < entries_.size(); ++i) found += iequals((*this)[i].name, name) ? 1 : 0;
  return found;
}

std::optional<std::string> Fields::combined(std::string_view name) const {
  std::optional<std::string> joined;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Field field = (*this)[i];
    if (!iequals(field.name, name)) continue;
    if (joined) {
      joined->append(", ").append(field.value);
    } else {
      joined.emplace(field.value);
    }
  }
  return joined;
}

}  // namespace reprise::http
