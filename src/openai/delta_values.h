#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "openai/member_table.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// What the pieces of a member add up to, by the member's kind. All hold raw JSON.

// JoinedText: a string whose pieces are joined. Nulls among them say nothing.
class JoinedText {
 public:
  // Refuses what is neither a string nor null.
  Refused add(std::string_view raw);
  bool present() const { return kind_ != JsonKind::kAbsent; }
  bool is_string() const { return kind_ == JsonKind::kString; }
  const std::string& content() const { return content_; }
  // The string, or null.
  void write(RawWriter& out) const;

 private:
  std::string content_;
  JsonKind kind_ = JsonKind::kAbsent;
};

// SettledText: a string that is said once, or the same each time. Nulls and "" say nothing.
class SettledText {
 public:
  // False if `raw` contradicts what was said, or is neither a string nor null.
  bool add(std::string_view raw);
  bool filled() const { return !content_.empty(); }
  bool present() const { return present_; }
  const std::string& content() const { return content_; }

 private:
  std::string content_;
  bool present_ = false;  // a string came, if an empty one
};

class GrownMembers;

// GrownValue: a member of a delta that nobody here knows, grown by its pieces: arrays append,
// objects grow member by member, the last number or boolean counts, and strings must be equal:
// nobody can tell whether they were pieces or repeats.
class GrownValue {
 public:
  GrownValue();
  ~GrownValue();
  GrownValue(GrownValue&&) noexcept;
  GrownValue& operator=(GrownValue&&) noexcept;

  // Objects grow this deep: each level looks at all that is inside it.
  static constexpr size_t kDepthMax = 16;

  // `depth`: how many objects that grow it is inside of.
  Refused add(std::string_view raw, PartsLeft& parts, size_t depth = 0);
  bool is_object() const { return kind_ == JsonKind::kObject; }
  void write(RawWriter& out) const;

 private:
  void take_first(JsonKind kind, std::string_view raw);
  Refused grow_object(std::string_view raw, PartsLeft& parts, size_t depth);

  JsonKind kind_ = JsonKind::kAbsent;
  std::string text_;                       // of an array what is inside
  std::unique_ptr<GrownMembers> members_;  // of an object that came more than once
};

// GrownMembers: the members of an object, each grown by its pieces.
class GrownMembers {
 public:
  explicit GrownMembers(size_t depth = 0) : depth_(depth) {}

  Refused add(std::string_view name, std::string_view raw, PartsLeft& parts);
  Refused add_all(std::string_view object, PartsLeft& parts);
  void write(RawWriter& out) const;

 private:
  size_t depth_;
  MemberTable<GrownValue> table_;
};

// LatestMembers: members of which the last value that is not null counts.
class LatestMembers {
 public:
  Refused add(std::string_view name, std::string_view raw, PartsLeft& parts);
  void write(RawWriter& out) const;

 private:
  MemberTable<std::string> table_;
};

// OverlaidMembers: like LatestMembers, but objects are merged, one level deep.
class OverlaidMembers {
 public:
  Refused add(std::string_view name, std::string_view raw, PartsLeft& parts);
  void write(RawWriter& out) const;

 private:
  struct Value {
    std::string raw;
    std::unique_ptr<LatestMembers> members;  // of an object that came more than once
  };
  static Refused overlay(Value& value, std::string_view raw, PartsLeft& parts);

  MemberTable<Value> table_;
};

}  // namespace reprise::openai
