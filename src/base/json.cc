#include "base/json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/json_text.h"
#include "base/random.h"

namespace reprise::base {

namespace {

// Up to here each new name is compared with its siblings; beyond, all are sorted.
constexpr size_t kLinearNamesMax = 16;

__extension__ typedef unsigned __int128 Wide;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool valid_utf8(std::string_view text) { return simdjson::validate_utf8(text); }

// One key for the whole process: nobody learns anything of it, and drawing bits takes a while.
JsonNormaliser::JsonNormaliser() {
  static const std::array<uint64_t, 2> seed = {random_u64(), random_u64()};
  seed_ = seed;
}

JsonFault JsonNormaliser::read(std::string_view text) {
  const JsonFault fault = prepare(text);
  if (fault != JsonFault::kNone) return fault;
  members_.clear();
  skip_space();
  if (in_ == end_) return JsonFault::kSyntax;
  if (*in_ != '{') return JsonFault::kNotObject;
  return finish(read_object());
}

// A text that was written here reads as itself, so that the members that both texts begin with
// stay as they are, and reading goes on at the name of the one after them.
JsonFault JsonNormaliser::read_next(std::string_view text) {
  const size_t alike = has_room(text.size()) ? members_alike(text) : 0;
  if (alike == 0) return read(text);
  const JsonFault fault = prepare(text);
  if (fault != JsonFault::kNone) return fault;
  const size_t offset = members_[alike].offset;
  members_.resize(alike);
  for (const Member& one : members_) names_.push_back({one.prefix, one.offset + 1, one.name_size});
  frames_[depth_++] = {true, 0};
  in_ += offset;
  put_ += offset;
  skip_space();
  const JsonFault bad_name = read_name();
  return finish(bad_name == JsonFault::kNone ? read_object() : bad_name);
}

JsonFault JsonNormaliser::prepare(std::string_view text) {
  written_ = 0;
  begin_ = in_ = text.data();
  if (text.size() > kTextBytesMax) return JsonFault::kTooLarge;
  make_room(text.size());
  names_.clear();
  depth_ = 0;
  end_ = in_ + text.size();
  put_ = out_.get();
  return valid_utf8(text) ? JsonFault::kNone : JsonFault::kUtf8;
}

void JsonNormaliser::make_room(size_t size) {
  if (has_room(size)) return;
  if (capacity_ > kKeptBytesMax) {
    std::vector<Name>().swap(names_);
    std::vector<Member>().swap(members_);
  }
  out_.reset();  // before the new one: at most one large block at a time
  capacity_ = std::max<size_t>(size, 4096);
  out_ = std::make_unique_for_overwrite<char[]>(capacity_ + sizeof(uint64_t));
}

// How many of the members with which the last text began `text` begins with too, another following
// in both. None if the last one was refused.
size_t JsonNormaliser::members_alike(std::string_view text) const {
  const size_t size = std::min(text.size(), written_);
  size_t same = 0;
  uint64_t difference = 0;
  while (same + 8 <= size && difference == 0) {
    difference = load_word(text.data() + same) ^ load_word(out_.get() + same);
    same += difference == 0 ? 8 : static_cast<size_t>(std::countr_zero(difference)) / 8;
  }
  size_t alike = 0;
  while (alike < kLinearNamesMax && alike + 1 < members_.size() &&
         members_[alike + 1].offset <= same) {
    ++alike;
  }
  return alike;
}

JsonFault JsonNormaliser::finish(JsonFault fault) {
  if (fault != JsonFault::kNone) return fault;
  skip_space();
  if (in_ != end_) return JsonFault::kTrailing;
  written_ = position();
  return JsonFault::kNone;
}

// No recursion: frames_ is the stack, and it is bounded.
JsonFault JsonNormaliser::read_object() {
  for (bool complete = false; !complete;) {
    bool opened = false;
    JsonFault fault = read_value(&opened);
    if (fault != JsonFault::kNone) return fault;
    if (opened) {
      skip_space();
      const bool object = frames_[depth_ - 1].object;
      if (!at(object ? '}' : ']')) {
        if (object) fault = read_name();
        if (fault != JsonFault::kNone) return fault;
        continue;
      }
    }
    fault = finish_value(&complete);
    if (fault != JsonFault::kNone) return fault;
  }
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::read_value(bool* opened) {
  skip_space();
  if (in_ == end_) return JsonFault::kSyntax;
  switch (*in_) {
    case '"':
      return copy_string();
    case '{':
    case '[':
      *opened = true;
      return open(*in_ == '{');
    case 't':
      return copy_literal("true");
    case 'f':
      return copy_literal("false");
    case 'n':
      return copy_literal("null");
    default:
      return copy_number();
  }
}

JsonFault JsonNormaliser::open(bool object) {
  if (depth_ == kDepthMax) return JsonFault::kDepth;
  frames_[depth_++] = {object, static_cast<uint32_t>(names_.size())};
  *put_++ = *in_++;
  return JsonFault::kNone;
}

// A value has ended: goes on to where the next one begins, closing what closes before it.
JsonFault JsonNormaliser::finish_value(bool* complete) {
  while (depth_ > 0) {
    const bool object = frames_[depth_ - 1].object;
    if (depth_ == 1 && !members_.empty()) {
      Member& member = members_.back();
      member.value_size =
          static_cast<uint32_t>(position() - (member.offset + member.name_size + size_t{3}));
    }
    skip_space();
    if (in_ == end_) return JsonFault::kSyntax;
    if (*in_ == ',') {
      *put_++ = *in_++;
      skip_space();
      return object ? read_name() : JsonFault::kNone;
    }
    if (*in_ != (object ? '}' : ']')) return JsonFault::kSyntax;
    const JsonFault fault = close();
    if (fault != JsonFault::kNone) return fault;
  }
  *complete = true;
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::close() {
  const Frame& frame = frames_[--depth_];
  *put_++ = *in_++;
  if (!frame.object) return JsonFault::kNone;
  if (names_.size() - frame.first_name > kLinearNamesMax && has_duplicates(frame.first_name)) {
    return JsonFault::kDuplicate;
  }
  names_.resize(frame.first_name);
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::read_name() {
  if (!at('"')) return JsonFault::kSyntax;
  const size_t offset = position();
  JsonFault fault = copy_string();
  if (fault != JsonFault::kNone) return fault;
  const size_t size = position() - offset - 2;
  const Name name{prefix_of(out_.get() + offset + 1, size), static_cast<uint32_t>(offset + 1),
                  static_cast<uint32_t>(size)};
  fault = note_name(name);
  if (fault != JsonFault::kNone) return fault;
  skip_space();
  if (!at(':')) return JsonFault::kSyntax;
  *put_++ = *in_++;
  if (depth_ > 1) return JsonFault::kNone;
  if (members_.size() == kMembersMax) return JsonFault::kMembers;
  members_.push_back({name.tag, name.offset - 1, name.size, 0});
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::note_name(Name name) {
  const size_t first = frames_[depth_ - 1].first_name;
  const size_t siblings = names_.size() - first;
  if (siblings < kLinearNamesMax) {
    for (size_t i = first; i < names_.size(); ++i) {
      if (same(names_[i], name)) return JsonFault::kDuplicate;
    }
    names_.push_back(name);
    return JsonFault::kNone;
  }
  if (siblings == kLinearNamesMax) {
    for (size_t i = first; i < names_.size(); ++i) names_[i].tag = hash(names_[i]);
  }
  name.tag = hash(name);
  names_.push_back(name);
  // Now and then, so that a flood of equal names need not be kept to its end; rarely, so that all
  // this sorting costs little more than the last.
  const size_t count = siblings + 1;
  const bool due = std::has_single_bit(count) && std::countr_zero(count) % 3 == 0;
  return due && has_duplicates(first) ? JsonFault::kDuplicate : JsonFault::kNone;
}

// A multiplication for every 8 bytes, keyed so that nobody can choose names that collide.
uint64_t JsonNormaliser::hash(const Name& name) const {
  const char* from = out_.get() + name.offset;
  uint64_t mixed = seed_[0] ^ name.size;
  for (size_t at = 0; at < name.size; at += 8) {
    const uint64_t word = prefix_of(from + at, name.size - at);
    const auto product = static_cast<Wide>(mixed ^ word) * (seed_[1] | 1);
    mixed = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  return mixed;
}

bool JsonNormaliser::same(const Name& a, const Name& b) const {
  return a.tag == b.tag && a.size == b.size &&
         std::memcmp(out_.get() + a.offset, out_.get() + b.offset, a.size) == 0;
}

// The bytes are compared last: even if all tags were made equal, this would be a sort of strings.
bool JsonNormaliser::has_duplicates(size_t first) {
  const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(begin, names_.end(), [this](const Name& a, const Name& b) {
    if (a.tag != b.tag) return a.tag < b.tag;
    if (a.size != b.size) return a.size < b.size;
    return std::memcmp(out_.get() + a.offset, out_.get() + b.offset, a.size) < 0;
  });
  return std::adjacent_find(begin, names_.end(), [this](const Name& a, const Name& b) {
           return same(a, b);
         }) != names_.end();
}

void JsonNormaliser::skip_space() {
  while (in_ != end_ && (*in_ == ' ' || *in_ == '\n' || *in_ == '\r' || *in_ == '\t')) ++in_;
}

JsonFault JsonNormaliser::copy_string() {
  *put_++ = *in_++;
  for (;;) {
    copy_plain();
    if (in_ == end_) return JsonFault::kSyntax;
    if (*in_ == '"') break;
    if (*in_ != '\\') return JsonFault::kSyntax;  // a raw control character
    const JsonFault fault = copy_escape();
    if (fault != JsonFault::kNone) return fault;
  }
  *put_++ = *in_++;
  return JsonFault::kNone;
}

// Copies until a quote, a backslash, a control character or the end. Writes up to 8 bytes too many:
// what is written is never longer than what was read, and out_ has that much room beyond. The
// copies of the members are what lets the compiler keep them in registers: a char may point at
// anything.
void JsonNormaliser::copy_plain() {
  const char* in = in_;
  char* put = put_;
  uint64_t special = 0;
  while (end_ - in >= 8 && special == 0) {
    const uint64_t word = load_word(in);
    std::memcpy(put, in, sizeof word);
    special = special_bytes(word);
    const int plain = special == 0 ? 8 : std::countr_zero(special) / 8;
    in += plain;
    put += plain;
  }
  while (in != end_ && *in != '"' && *in != '\\' && static_cast<unsigned char>(*in) >= 0x20) {
    *put++ = *in++;
  }
  in_ = in;
  put_ = put;
}

JsonFault JsonNormaliser::copy_escape() {
  if (end_ - in_ < 2) return JsonFault::kSyntax;
  switch (in_[1]) {
    case 'u':
      return copy_unicode_escape();
    case '/':
      *put_++ = '/';
      break;
    case '"':
    case '\\':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      *put_++ = in_[0];
      *put_++ = in_[1];
      break;
    default:
      return JsonFault::kSyntax;
  }
  in_ += 2;
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::copy_unicode_escape() {
  uint32_t code = 0;
  if (!read_unicode_escape(in_, end_, &code)) return JsonFault::kSyntax;
  in_ += 6;
  if (is_low_surrogate(code)) return JsonFault::kSurrogate;
  if (is_high_surrogate(code)) {
    uint32_t low = 0;
    if (!read_unicode_escape(in_, end_, &low) || !is_low_surrogate(low)) {
      return JsonFault::kSurrogate;
    }
    in_ += 6;
    code = join_surrogates(code, low);
  }
  put_ = write_json_character(code, put_);
  return JsonFault::kNone;
}

// -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?, kept as it is.
JsonFault JsonNormaliser::copy_number() {
  const char* p = in_;
  const auto digits = [&p, this] {
    const char* first = p;
    while (p != end_ && is_digit(*p)) ++p;
    return p != first;
  };
  if (*p == '-') ++p;
  const bool zero = p != end_ && *p == '0';
  if (zero) ++p;
  if (!zero && !digits()) return JsonFault::kSyntax;
  if (p != end_ && *p == '.') {
    ++p;
    if (!digits()) return JsonFault::kSyntax;
  }
  if (p != end_ && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end_ && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return JsonFault::kSyntax;
  }
  const auto size = static_cast<size_t>(p - in_);
  std::memcpy(put_, in_, size);
  put_ += size;
  in_ = p;
  return JsonFault::kNone;
}

JsonFault JsonNormaliser::copy_literal(std::string_view literal) {
  if (static_cast<size_t>(end_ - in_) < literal.size() ||
      std::memcmp(in_, literal.data(), literal.size()) != 0) {
    return JsonFault::kSyntax;
  }
  std::memcpy(put_, literal.data(), literal.size());
  put_ += literal.size();
  in_ += literal.size();
  return JsonFault::kNone;
}

}  // namespace reprise::base
