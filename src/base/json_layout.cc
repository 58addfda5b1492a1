#include "base/json_layout.h"

#include <algorithm>

#include "base/json.h"

namespace reprise::base {

namespace {

constexpr size_t kShortBytesMax = 80;
constexpr size_t kPairSize = 2;

// LayingOut: one text on its way.
class LayingOut {
 public:
  LayingOut(std::string_view text, JsonLayout layout, size_t bytes_max)
      : rest_(text), layout_(layout), bytes_max_(bytes_max) {}

  std::optional<std::string> run() && {
    while (!rest_.empty() && out_.size() <= bytes_max_) step();
    if (out_.size() > bytes_max_) return std::nullopt;
    return std::move(out_);
  }

 private:
  void step() {
    switch (rest_.front()) {
      case '{':
      case '[':
        return open();
      case '}':
      case ']':
        --depth_;
        break_line();
        return put(1);
      case ',':
        put(1);
        return break_line();
      case ':':
        put(1);
        out_ += ' ';
        return;
      default:
        return put(json_value_size(rest_));
    }
  }

  void open() {
    if (rest_[1] == '}' || rest_[1] == ']') return put(2);
    if (layout_ == JsonLayout::kGathered) {
      const size_t size = gatherable_size();
      if (size != 0) return gather(size);
    }
    put(1);
    ++depth_;
    break_line();
  }

  // Bytes of the object or array that begins here if it is to stand on one line, or 0. Looks no
  // further than to the first thing that is nested.
  size_t gatherable_size() const {
    const bool is_array = rest_.front() == '[';
    size_t elements = 1;
    bool has_text = false;
    size_t at = 1;
    while (rest_[at] != '}' && rest_[at] != ']') {
      const char c = rest_[at];
      if (c == '{' || c == '[') return 0;
      if (c == ',' || c == ':') {
        elements += c == ',' ? 1 : 0;
        ++at;
        continue;
      }
      has_text |= c == '"';
      at += json_value_size(rest_.substr(at));
    }
    const bool plain = is_array && (elements <= kPairSize || !has_text);
    return plain || at < kShortBytesMax ? at + 1 : 0;
  }

  // The next `size` bytes, on this line.
  void gather(size_t size) {
    const size_t rest_size = rest_.size() - size;
    while (rest_.size() > rest_size) {
      const char c = rest_.front();
      const bool scalar = std::string_view("{}[],:").find(c) == std::string_view::npos;
      put(scalar ? json_value_size(rest_) : 1);
      if (c == ',' || c == ':') out_ += ' ';
    }
  }

  void break_line() {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  void put(size_t size) {
    out_.append(rest_.substr(0, size));
    rest_.remove_prefix(std::min(size, rest_.size()));
  }

  std::string_view rest_;
  const JsonLayout layout_;
  const size_t bytes_max_;
  size_t depth_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> lay_out_json(std::string_view text, JsonLayout layout,
                                        size_t bytes_max) {
  return LayingOut(text, layout, bytes_max).run();
}

size_t json_depth(std::string_view text) {
  size_t depth = 0;
  size_t deepest = 0;
  size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at += json_value_size(text.substr(at));
      continue;
    }
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
    ++at;
  }
  return deepest;
}

}  // namespace reprise::base
