#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::e2e {

// The harness reads HTTP by its own few lines and not by the proxy's, so that a misreading
// cannot hide behind the same misreading.

struct Field {
  std::string name;
  std::string value;
};

// Fields: header fields in the order and case in which they came.
class Fields {
 public:
  void add(std::string name, std::string value);
  size_t count(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }
  // The first value, or "".
  std::string get(std::string_view name) const;
  const std::vector<Field>& all() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

bool same_name(std::string_view left, std::string_view right);

// Head: the first line, split at its spaces, and the fields.
struct Head {
  std::string raw;
  std::string first;   // method, or version
  std::string second;  // target, or status
  std::string third;   // version, or reason
  Fields fields;
};

// How the end of a body is known.
enum class Framing { kNone, kLength, kChunked, kUntilClose };

// Parses one head, blank line included. Nothing when it is not one.
std::optional<Head> parse_head(const std::string& raw);

// Takes the bytes that belong to one body from the front of a buffer.
// Owner: a reader. Strict: a body that is framed in any unusual way is bad.
class BodyDecoder {
 public:
  BodyDecoder() = default;
  BodyDecoder(Framing framing, uint64_t length) : framing_(framing), left_(length) {}

  // Moves what it can from `in` to `out`; what follows the body stays in `in`.
  void decode(std::string& in, std::string& out);

  bool done() const { return framing_ == Framing::kNone || state_ == State::kDone; }
  bool bad() const { return state_ == State::kBad; }
  Framing framing() const { return framing_; }
  const Fields& trailers() const { return trailers_; }
  // The sizes of the chunks, in order.
  const std::vector<uint64_t>& chunks() const { return chunks_; }

 private:
  enum class State { kStart, kData, kDataEnd, kTrailers, kDone, kBad };
  bool decode_step(std::string& in, std::string& out);
  bool take_size(std::string& in);
  bool take_data(std::string& in, std::string& out);
  bool take_trailer(std::string& in);

  Framing framing_ = Framing::kNone;
  State state_ = State::kStart;
  uint64_t left_ = 0;
  Fields trailers_;
  std::vector<uint64_t> chunks_;
};

// Which framing a head announces. `head_only` is for HEAD's answers.
BodyDecoder decoder_of_request(const Head& head);
BodyDecoder decoder_of_response(const Head& head, bool head_only);

}  // namespace reprise::e2e
