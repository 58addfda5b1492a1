#include "e2e/support/http_text.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::e2e {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes one line off the front, CRLF not included. Nothing while it is not whole.
std::optional<std::string> take_line(std::string& in) {
  const size_t end = in.find("\r\n");
  if (end == std::string::npos) return std::nullopt;
  std::string line = in.substr(0, end);
  in.erase(0, end + 2);
  return line;
}

bool add_field(std::string_view line, Fields& fields) {
  const size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  if (line.find_first_of(" \t") < colon) return false;
  fields.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
  return true;
}

uint64_t length_of(const Head& head) {
  const std::string text = head.fields.get("content-length");
  uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

}  // namespace

void Fields::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

bool same_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

size_t Fields::count(std::string_view name) const {
  return static_cast<size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& f) { return same_name(f.name, name); }));
}

std::string Fields::get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (same_name(field.name, name)) return field.value;
  }
  return "";
}

std::optional<Head> parse_head(const std::string& raw) {
  Head head;
  head.raw = raw;
  std::string rest = raw;
  const auto first_line = take_line(rest);
  if (!first_line) return std::nullopt;
  const size_t space = first_line->find(' ');
  if (space == std::string::npos) return std::nullopt;
  const size_t second_space = first_line->find(' ', space + 1);
  head.first = first_line->substr(0, space);
  head.second = first_line->substr(space + 1, second_space - space - 1);
  if (second_space != std::string::npos) head.third = first_line->substr(second_space + 1);
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) return rest.empty() ? std::optional<Head>(head) : std::nullopt;
    if (!add_field(*line, head.fields)) return std::nullopt;
  }
}

BodyDecoder decoder_of_request(const Head& head) {
  if (same_name(head.fields.get("transfer-encoding"), "chunked")) {
    return BodyDecoder(Framing::kChunked, 0);
  }
  if (head.fields.has("content-length")) return BodyDecoder(Framing::kLength, length_of(head));
  return {};
}

BodyDecoder decoder_of_response(const Head& head, bool head_only) {
  if (head_only || head.second == "204" || head.second == "304" || head.second[0] == '1') return {};
  if (same_name(head.fields.get("transfer-encoding"), "chunked")) {
    return BodyDecoder(Framing::kChunked, 0);
  }
  if (head.fields.has("content-length")) return BodyDecoder(Framing::kLength, length_of(head));
  return BodyDecoder(Framing::kUntilClose, 0);
}

void BodyDecoder::decode(std::string& in, std::string& out) {
  if (framing_ == Framing::kLength && left_ == 0) state_ = State::kDone;
  if (framing_ == Framing::kUntilClose) {
    out += in;
    in.clear();
    return;
  }
  while (!done() && !bad() && decode_step(in, out)) {
  }
}

bool BodyDecoder::decode_step(std::string& in, std::string& out) {
  if (framing_ == Framing::kLength) {
    if (!take_data(in, out)) return false;
    if (left_ == 0) state_ = State::kDone;
    return true;
  }
  switch (state_) {
    case State::kStart:
      return take_size(in);
    case State::kData:
      if (!take_data(in, out)) return false;
      if (left_ == 0) state_ = State::kDataEnd;
      return true;
    case State::kDataEnd:
      if (in.size() < 2) return false;
      state_ = in.compare(0, 2, "\r\n") == 0 ? State::kStart : State::kBad;
      in.erase(0, 2);
      return true;
    case State::kTrailers:
      return take_trailer(in);
    case State::kDone:
    case State::kBad:
      return false;
  }
  return false;
}

bool BodyDecoder::take_size(std::string& in) {
  const auto line = take_line(in);
  if (!line) return false;
  uint64_t size = 0;
  const char* const end = line->data() + line->size();
  const auto [stopped, error] = std::from_chars(line->data(), end, size, 16);
  if (error != std::errc() || stopped != end || line->size() > 8) {
    state_ = State::kBad;  // an extension, too, is something that nobody should forward
    return false;
  }
  left_ = size;
  state_ = size == 0 ? State::kTrailers : State::kData;
  if (size > 0) chunks_.push_back(size);
  return true;
}

bool BodyDecoder::take_data(std::string& in, std::string& out) {
  const size_t count = std::min<uint64_t>(left_, in.size());
  if (count == 0) return false;
  out.append(in, 0, count);
  in.erase(0, count);
  left_ -= count;
  return true;
}

bool BodyDecoder::take_trailer(std::string& in) {
  const auto line = take_line(in);
  if (!line) return false;
  if (line->empty()) {
    state_ = State::kDone;
  } else if (!add_field(*line, trailers_)) {
    state_ = State::kBad;
  }
  return true;
}

}  // namespace reprise::e2e
