#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/json_writer.h"
#include "cache/json_object_reader.h"
#include "recording/record.h"

namespace reprise::cache {

// A body as a cassette's file says it, in the first of these shapes that gives back every byte:
//   events  of a stream: [[milliseconds, text], …], cut behind each blank line. An event has the
//           time at which the last of its bytes had come.
//   json    one object, as JSON in the file; with its layout, and the white space around it
//   text    its lines
//   base64  what is no UTF-8
// Of what is no event stream only the time of its end is kept.

// BodyKind: whether an answer is an event stream.
enum class BodyKind : uint8_t { kStream, kWhole };

// RecordedBody: a body and when it arrived.
struct RecordedBody {
  std::string bytes;
  std::vector<recording::Mark> marks;
};

// Adds the members that say the body to an open object. `json` is scratch.
void write_body(const recording::Record& record, BodyKind kind, base::JsonNormaliser& json,
                base::JsonWriter& out);

// What write_body wrote, or what somebody made of it. A body of more than `bytes_max` is a fault.
RecordedBody read_body(JsonObjectReader& in, BodyKind kind, size_t bytes_max);

// Where the pieces of an event stream end: behind each blank line that ends something, and at the
// end.
std::vector<uint64_t> event_ends(std::string_view stream);

}  // namespace reprise::cache
