#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::openai {

// PartsLeft: how many more parts that are kept one by one an answer may have: choices, tool calls,
// members that are no text. Their bookkeeping is larger than what they say.
class PartsLeft {
 public:
  static constexpr size_t kPartsMax = size_t{1} << 16;

  bool take(size_t parts = 1) {
    if (parts > left_) return false;
    left_ -= parts;
    return true;
  }

 private:
  size_t left_ = kPartsMax;
};

// MemberTable: values by the name of their member, in order of first appearance. Names are raw
// JSON. Members that come in the same order again and again, as they do in chunks, are found at
// once, and no choice of names makes finding them slow.
template <typename Value>
class MemberTable {
 public:
  struct Entry {
    std::string name;
    Value value;
  };

  // Null if there may be no more. Valid until the next call.
  Value* find_or_add(std::string_view name, PartsLeft& parts) {
    const size_t at = find(name);
    if (at == entries_.size()) {
      if (!parts.take()) return nullptr;
      add(name);
    }
    next_ = at + 1;
    return &entries_[at].value;
  }

  bool empty() const { return entries_.empty(); }
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  static constexpr size_t kLinearMax = 16;

  size_t find(std::string_view name) const {
    if (next_ < entries_.size() && entries_[next_].name == name) return next_;
    if (!places_.empty()) {
      const auto found = places_.find(name);
      return found == places_.end() ? entries_.size() : found->second;
    }
    size_t at = 0;
    while (at < entries_.size() && entries_[at].name != name) ++at;
    return at;
  }

  void add(std::string_view name) {
    entries_.push_back({std::string(name), Value()});
    if (entries_.size() < kLinearMax) return;
    if (!places_.empty()) {
      places_.emplace(name, entries_.size() - 1);
      return;
    }
    for (size_t at = 0; at < entries_.size(); ++at) places_.emplace(entries_[at].name, at);
  }

  std::vector<Entry> entries_;
  std::map<std::string, size_t, std::less<>> places_;  // of all, once they are many
  size_t next_ = 0;                                    // where the next name is expected
};

}  // namespace reprise::openai
