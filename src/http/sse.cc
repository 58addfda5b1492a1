#include "http/sse.h"

#include <cstring>

namespace reprise::http {

namespace {
constexpr std::string_view kBom = "\xEF\xBB\xBF";
}  // namespace

// LineEnds: finds the next CR or LF of a piece. Both positions are remembered until passed, so that
// a piece is searched once for each, whatever the mixture.
struct SseReader::LineEnds {
  explicit LineEnds(std::string_view text) : piece(text) {}

  size_t next(size_t from) {
    if (lf < from || !searched) lf = find('\n', from);
    if (cr < from || !searched) cr = find('\r', from);
    searched = true;
    return lf < cr ? lf : cr;
  }

  size_t find(char c, size_t from) const {
    const void* found = std::memchr(piece.data() + from, c, piece.size() - from);
    if (found == nullptr) return piece.size();
    return static_cast<size_t>(static_cast<const char*>(found) - piece.data());
  }

  std::string_view piece;
  size_t lf = 0;
  size_t cr = 0;
  bool searched = false;
};

void SseReader::feed(std::string_view piece, Visit visit) {
  if (piece.empty() || overflowed_) return;
  size_t begin = 0;
  if (skip_lf_ && piece.front() == '\n') {
    begin = 1;
    ++offset_;
  }
  skip_lf_ = false;
  LineEnds ends(piece);
  while (begin < piece.size()) {
    const size_t end = ends.next(begin);
    const std::string_view rest = piece.substr(begin, end - begin);
    offset_ += rest.size();
    if (end == piece.size()) {
      take_partial(rest);
      break;
    }
    ++offset_;
    begin = end + 1;
    if (skip_comment_) {
      skip_comment_ = false;
    } else if (partial_.empty()) {
      on_line(rest, visit);
    } else {
      take_partial(rest);
      if (!skip_comment_ && !overflowed_) on_line(partial_, visit);
      skip_comment_ = false;
      keep_views();
      partial_.clear();
    }
    first_line_ = false;
    if (overflowed_) return;
    if (piece[end] != '\r') continue;
    if (begin == piece.size()) {
      skip_lf_ = true;
    } else if (piece[begin] == '\n') {
      ++begin;
      ++offset_;
    }
  }
  keep_views();
}

// Appends to the line whose end has not come. Never keeps more than one byte too many.
void SseReader::take_partial(std::string_view rest) {
  if (skip_comment_) return;
  const size_t room = event_bytes_max_ + kBom.size() + 1 - partial_.size();
  partial_.append(rest.substr(0, room));
  if (is_comment(partial_)) {
    skip_comment_ = true;
    partial_.clear();
  } else if (without_bom(partial_).size() > event_bytes_max_) {
    // Half a BOM is not yet a line, even to a limit that is shorter.
    overflowed_ = !(first_line_ && kBom.starts_with(partial_));
  }
}

void SseReader::on_line(std::string_view line, Visit visit) {
  if (first_line_) line = without_bom(line);
  if (line.empty()) {
    if (has_fields_) visit(Event{name_, data_, offset_});
    clear_event();
    return;
  }
  if (line.front() == ':') return;
  if (line.size() > event_bytes_max_) {
    overflowed_ = true;
    return;
  }
  has_lines_ = true;
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "data") {
    on_data(value);
  } else if (field == "event") {
    name_ = value;
    has_fields_ = true;
  } else if (field == "id") {
    has_ids_ = true;
  }
  if (name_.size() + data_.size() > event_bytes_max_) overflowed_ = true;
}

void SseReader::on_data(std::string_view value) {
  has_fields_ = true;
  if (!has_data_) {
    has_data_ = true;
    data_ = value;
    return;
  }
  if (data_.size() + value.size() >= event_bytes_max_) {
    overflowed_ = true;
    return;
  }
  if (data_.data() != data_store_.data()) data_store_.assign(data_);
  data_store_.append(1, '\n').append(value);
  data_ = data_store_;
}

// Copies what an unfinished event refers to, before the memory under it goes.
void SseReader::keep_views() {
  if (!has_fields_) return;
  if (name_.data() != name_store_.data()) name_store_.assign(name_);
  if (data_.data() != data_store_.data()) data_store_.assign(data_);
  name_ = name_store_;
  data_ = data_store_;
}

void SseReader::clear_event() {
  name_ = {};
  data_ = {};
  has_data_ = has_fields_ = has_lines_ = false;
}

std::optional<SseReader::Event> SseReader::take_pending() {
  if (overflowed_) return std::nullopt;
  // No blank line can come of it: an empty partial line is none.
  if (!partial_.empty() && !without_bom(partial_).empty()) {
    on_line(partial_, [](const Event&) {});
  }
  if (!has_lines_ || overflowed_) return std::nullopt;
  return Event{name_, data_, offset_};
}

bool SseReader::between_events() const {
  return !has_lines_ && partial_.empty() && !skip_comment_ && !overflowed_;
}

std::string_view SseReader::without_bom(std::string_view line) const {
  if (first_line_ && line.substr(0, kBom.size()) == kBom) line.remove_prefix(kBom.size());
  return line;
}

bool SseReader::is_comment(std::string_view line) const {
  line = without_bom(line);
  return !line.empty() && line.front() == ':';
}

}  // namespace reprise::http
