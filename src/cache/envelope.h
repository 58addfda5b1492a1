#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/digest.h"
#include "base/seal.h"
#include "cache/value_fault.h"

namespace reprise::cache {

// ValueKind: what a value in Memcached is. The numbers are part of the format.
enum class ValueKind : uint8_t {
  kEntry = 1,    // an entry, or the list of a large one's parts
  kPart = 2,     // of a large entry
  kLease = 3,    // who asks upstream
  kMarker = 4,   // of a question
  kSegment = 5,  // of an answer that is still arriving
  kPurges = 6,   // purge times
};

// ValueLabel: which value it is. What a kind has no use for is zero.
struct ValueLabel {
  ValueKind kind = ValueKind::kEntry;
  base::Digest128 subject = {};     // an entry's key, a flight's token, the digest of a namespace
  base::Digest128 generation = {};  // which of several versions a part belongs to
  uint32_t number = 0;              // of a part, a lease or a segment
  bool operator==(const ValueLabel&) const = default;
};

// Envelope: what goes round every value in Memcached, so that whatever comes back under a name is
// either what was put there or a fault. Plain, it holds
//
//   "rP", version, kind | XXH3-64 of label and payload, little endian | payload
//
// which finds accidents: truncation, bit rot, a value under another's name. Sealed, it holds
//
//   "rS", version, 0 | the payload as base::Sealer makes it, with header and label associated
//
// which finds forgery as well, and tells whoever reads the server nothing but sizes and times.
// Neither opens what the other closed.
//
// Owner: Server. Immutable. Thread: any.
class Envelope {
 public:
  // Null: plain.
  explicit Envelope(std::unique_ptr<const base::Sealer> sealer);

  // Where the value is kept: visible ASCII, at most kNameBytesMax of it, different for every label.
  // Plain, an entry's is r1: and its key, for people to find. Sealed, all look like that, and only
  // who has the secret knows which is which.
  std::string name(const ValueLabel& label) const;

  // `payload` with the envelope around it.
  std::string close(const ValueLabel& label, std::string_view payload) const;

  // The payload of a value that was kept under the name of `label`: a view into `value`, or into
  // *scratch if it had to be decrypted.
  tl::expected<std::string_view, ValueFault> open(const ValueLabel& label, std::string_view value,
                                                  std::string* scratch) const;

  // How much longer than its payload a value is.
  size_t overhead_bytes() const;

  // Well below the 250 that Memcached takes.
  static constexpr size_t kNameBytesMax = 96;

 private:
  const std::unique_ptr<const base::Sealer> sealer_;
};

}  // namespace reprise::cache
