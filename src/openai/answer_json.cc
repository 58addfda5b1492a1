#include "openai/answer_json.h"

#include <algorithm>
#include <bit>

namespace reprise::openai {

namespace {

constexpr size_t kCapacityMin = 4096;

// Bytes of the sequence that `lead` begins; 1 for what begins none, so that it is validated as it
// is.
size_t sequence_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xF0) return 4;
  if (byte >= 0xE0) return 3;
  return byte >= 0xC0 ? 2 : 1;
}

// Bytes at the end of `text` that begin a sequence without completing it.
size_t unfinished_tail(std::string_view text) {
  const size_t most = std::min<size_t>(text.size(), 3);
  for (size_t back = 1; back <= most; ++back) {
    const char byte = text[text.size() - back];
    if ((byte & 0xC0) == 0x80) continue;
    return sequence_size(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string_view JsonValue::text() const {
  return is_string() ? element_.get_string().value_unsafe() : std::string_view();
}

bool JsonValue::filled() const {
  if (is_string()) return !text().empty();
  if (is_array()) return array().begin() != array().end();
  return is_object() && object().begin() != object().end();
}

std::optional<uint64_t> JsonValue::number() const {
  uint64_t value = 0;
  if (!present_ || element_.get_uint64().get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

JsonValue pick(const JsonObject& object, std::string_view name) {
  std::array<JsonValue, 1> found;
  return pick<1>(object, {name}, &found) ? found[0] : JsonValue();
}

void read_usage(const JsonObject& object, Usage* usage) {
  enum : size_t { kPrompt, kInput, kCompletion, kOutput, kTotal };
  std::array<JsonValue, 5> value;
  if (!pick<5>(
          object,
          {"prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens"},
          &value)) {
    return;
  }
  const auto overlay = [&](size_t one, size_t other, uint64_t* count) {
    if (const auto number = value[one].number()) {
      *count = *number;
    } else if (const auto second = value[other].number()) {
      *count = *second;
    }
  };
  usage->present = true;
  overlay(kPrompt, kInput, &usage->prompt);
  overlay(kCompletion, kOutput, &usage->completion);
  usage->total = value[kTotal].number().value_or(usage->prompt + usage->completion);
}

NotStored AnswerJson::parse(std::string_view text, JsonObject* object) {
  if (scratch_.size() < text.size() + simdjson::SIMDJSON_PADDING) {
    scratch_.resize(std::bit_ceil(text.size() + simdjson::SIMDJSON_PADDING));
  }
  std::copy(text.begin(), text.end(), scratch_.begin());
  return parse_padded(scratch_.data(), text.size(), object);
}

NotStored AnswerJson::parse_in_place(std::string* text, JsonObject* object) {
  const size_t size = text->size();
  text->append(simdjson::SIMDJSON_PADDING, ' ');
  return parse_padded(text->data(), size, object);
}

NotStored AnswerJson::parse_padded(const char* text, size_t size, JsonObject* object) {
  if (!parser_) parser_.emplace();
  if (capacity_ < size || capacity_ == 0) {
    // In powers of two: left to itself the parser would grow with each text a little longer.
    capacity_ = std::bit_ceil(std::max(size, kCapacityMin));
    if (parser_->allocate(capacity_, kDepthMax) != simdjson::SUCCESS ||
        parser_->doc.allocate(capacity_) != simdjson::SUCCESS) {
      parser_.reset();
      capacity_ = 0;
      return NotStored::kTooLarge;
    }
  }
  simdjson::dom::element element;
  const simdjson::error_code error = parser_->parse(text, size, false).get(element);
  if (error == simdjson::UTF8_ERROR) return NotStored::kInvalidUtf8;
  if (error != simdjson::SUCCESS || element.get_object().get(*object) != simdjson::SUCCESS) {
    return NotStored::kMalformed;
  }
  return NotStored::kNone;
}

void AnswerJson::release_large() {
  if (capacity_ > kKeptBytesMax) {
    parser_.reset();
    capacity_ = 0;
  }
  if (scratch_.size() > kKeptBytesMax) {
    scratch_.clear();
    scratch_.shrink_to_fit();
  }
}

bool Utf8Check::feed(std::string_view piece) {
  if (valid_ && held_size_ > 0) piece = finish_held(piece);
  if (!valid_ || held_size_ > 0) return valid_;
  const size_t tail = unfinished_tail(piece);
  valid_ = simdjson::validate_utf8(piece.data(), piece.size() - tail);
  piece.remove_prefix(piece.size() - tail);
  std::copy(piece.begin(), piece.end(), held_.begin());
  held_size_ = tail;
  return valid_;
}

// Completes the sequence begun in an earlier piece; what remains of this one.
std::string_view Utf8Check::finish_held(std::string_view piece) {
  const size_t size = sequence_size(held_[0]);
  while (held_size_ < size && !piece.empty() && (piece.front() & 0xC0) == 0x80) {
    held_[held_size_++] = piece.front();
    piece.remove_prefix(1);
  }
  if (held_size_ < size && piece.empty()) return piece;
  valid_ = simdjson::validate_utf8(held_.data(), held_size_);
  held_size_ = 0;
  return piece;
}

}  // namespace reprise::openai
