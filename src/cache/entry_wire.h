#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/model_table.h"
#include "base/packer.h"
#include "cache/compressor.h"
#include "cache/entry.h"
#include "cache/wire_frame.h"

namespace reprise::cache {

// EntryCodec: entries as they leave the process and come back: packed, compressed where that pays,
// in a WireFrame. What comes back may have been made by anyone: it is an entry only if every part
// of it is one that this process could have made, and its replay_head can only be that part of a
// head which frames nothing.
// Owner: whoever speaks to the outside store. Thread: one at a time; one codec per thread keeps
// contexts and buffers from being made for each value.
class EntryCodec {
 public:
  // Bounds of what is taken back.
  static constexpr size_t kMembersMax = size_t{1} << 16;          // as many as a JSON text may have
  static constexpr size_t kTextBytesMax = size_t{64} << 10;       // a name of anything
  static constexpr int64_t kTimeMaxUs = 253'402'300'799'999'999;  // the end of the year 9999

  // `bytes_max` bounds a packed entry, body and all, before compression. `models` outlives the
  // codec: there the models of decoded entries are named.
  EntryCodec(base::ModelTable& models, size_t bytes_max) : models_(models), bytes_max_(bytes_max) {}

  // Empty if decode() would find it too large. `entry.answer` is not null.
  std::string encode(const Entry& entry);

  // Which entry it is, the caller compares: key and proof.
  tl::expected<std::shared_ptr<const Entry>, ValueFault> decode(std::string_view value);

 private:
  tl::expected<std::string_view, ValueFault> payload_of(std::string_view value);

  base::ModelTable& models_;
  const size_t bytes_max_;
  Compressor compressor_;
  base::ByteWriter packed_;
};

}  // namespace reprise::cache
