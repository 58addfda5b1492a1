#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::base {

// Why a text was refused.
enum class JsonFault : uint8_t {
  kNone,
  kSyntax,
  kNotObject,
  kUtf8,       // malformed UTF-8, encoded surrogates and overlong forms included
  kSurrogate,  // an escaped surrogate without its other half
  kDuplicate,  // two members of one object whose names are equal once unescaped
  kDepth,
  kMembers,   // more outermost members than anybody means
  kTrailing,  // something other than white space behind the object
  kTooLarge,
};

// JsonNormaliser: reads one JSON object, strictly by RFC 8259, and writes it in the one spelling of
// its value that keeps member order and number lexemes: no white space, every character that may
// stand for itself does, the rest as \" \\ \b \f \n \r \t or \u00xx.
// Owner: whoever reads. Thread: one. Everything lives until the next read; memory is kept between
// reads, so that ordinary texts allocate nothing.
// Cost: linear in the text but for the names of large objects, which are sorted by keyed hashes. At
// most 16 bytes of bookkeeping per open name, and 24 per outermost one, beside the text.
class JsonNormaliser {
 public:
  static constexpr size_t kDepthMax = 128;  // the outermost object is 1
  // Of the outermost object alone: what is done with each of them is not cheap.
  static constexpr size_t kMembersMax = size_t{1} << 16;
  static constexpr size_t kTextBytesMax = UINT32_MAX - 16;
  static constexpr size_t kKeptBytesMax = size_t{1} << 20;  // what a large text may leave behind

  // Member: one member of the outermost object, in the order of arrival, as written.
  struct Member {
    uint64_t prefix = 0;  // the name's first 8 bytes, big-endian, so that numbers order like names
    uint32_t offset = 0;  // of the name's opening quote
    uint32_t name_size = 0;
    uint32_t value_size = 0;
  };

  JsonNormaliser();

  [[nodiscard]] JsonFault read(std::string_view text);
  // The same, sooner if `text` begins as the last one did. How long it takes tells how alike they
  // are: for texts of one origin only.
  [[nodiscard]] JsonFault read_next(std::string_view text);

  // How far into the text the last read came: with a fault, to where it is.
  size_t offset() const { return static_cast<size_t>(in_ - begin_); }

  // After a read without a fault.
  std::string_view text() const { return {out_.get(), written_}; }
  const std::vector<Member>& members() const { return members_; }
  std::string_view name(const Member& member) const {  // as written, without its quotes
    return {out_.get() + member.offset + 1, member.name_size};
  }
  std::string_view value(const Member& member) const {
    return {out_.get() + member.offset + member.name_size + 3, member.value_size};
  }
  std::string_view whole(const Member& member) const {  // "name":value
    return {out_.get() + member.offset, member.name_size + size_t{3} + member.value_size};
  }

 private:
  struct Name {
    uint64_t tag;  // the prefix, as in Member; in a large object the hash
    uint32_t offset;
    uint32_t size;
  };
  struct Frame {
    bool object;
    uint32_t first_name;  // in names_
  };

  JsonFault prepare(std::string_view text);
  bool has_room(size_t size) const {
    return size <= capacity_ && (capacity_ <= kKeptBytesMax || size >= kKeptBytesMax);
  }
  void make_room(size_t size);
  size_t members_alike(std::string_view text) const;
  JsonFault finish(JsonFault fault);
  JsonFault read_object();
  JsonFault read_value(bool* opened);
  JsonFault open(bool object);
  JsonFault finish_value(bool* complete);
  JsonFault read_name();
  JsonFault note_name(Name name);
  JsonFault close();
  JsonFault copy_string();
  void copy_plain();
  JsonFault copy_escape();
  JsonFault copy_unicode_escape();
  JsonFault copy_number();
  JsonFault copy_literal(std::string_view literal);
  void skip_space();
  bool at(char c) const { return in_ != end_ && *in_ == c; }
  uint64_t hash(const Name& name) const;
  bool same(const Name& a, const Name& b) const;
  bool has_duplicates(size_t first);
  size_t position() const { return static_cast<size_t>(put_ - out_.get()); }

  std::unique_ptr<char[]> out_;  // never longer than what was read, plus room for a whole word
  size_t capacity_ = 0;
  std::array<uint64_t, 2> seed_;
  size_t written_ = 0;
  const char* begin_ = nullptr;
  const char* in_ = nullptr;
  const char* end_ = nullptr;
  char* put_ = nullptr;
  std::array<Frame, kDepthMax> frames_;
  size_t depth_ = 0;
  std::vector<Name> names_;  // of all open objects, innermost last
  std::vector<Member> members_;
};

bool valid_utf8(std::string_view text);

// The functions below read texts that JsonNormaliser wrote, and check nothing again.

// Where the value that begins at `at` ends.
size_t json_value_end(std::string_view text, size_t at);
// The same for a string.
size_t json_string_end(std::string_view text, size_t at);

// Bytes of the value that `text` begins with.
inline size_t json_value_size(std::string_view text) { return json_value_end(text, 0); }

// Calls `visit(name, value)` for each member of `object`; the name as written, without its quotes.
template <typename Visit>
void for_each_json_member(std::string_view object, Visit visit) {
  size_t at = 1;
  while (at + 1 < object.size()) {
    const size_t colon = json_string_end(object, at);
    const size_t end = json_value_end(object, colon + 1);
    const std::string_view name(object.data() + at + 1, colon - at - 2);
    visit(name, std::string_view(object.data() + colon + 1, end - colon - 1));
    at = end + 1;
  }
}

// Calls `visit(value)` for each element of `array`.
template <typename Visit>
void for_each_json_element(std::string_view array, Visit visit) {
  size_t at = 1;
  while (at + 1 < array.size()) {
    const size_t end = json_value_end(array, at);
    visit(std::string_view(array.data() + at, end - at));
    at = end + 1;
  }
}

// What the JSON string `text`, quotes included, stands for.
std::string json_string_value(std::string_view text);

}  // namespace reprise::base
