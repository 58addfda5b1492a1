#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/envelope.h"

// Whatever comes back from Memcached opens as what was put there or not at all. A plain value that
// opens is byte for byte what close() makes of its payload; one that was sealed opens only as it
// was. The first byte chooses the label, the second what is done to it; the rest is the value, the
// payload, and where to damage it.

namespace {

using reprise::cache::Envelope;
using reprise::cache::ValueKind;
using reprise::cache::ValueLabel;

ValueLabel label_of(uint8_t byte) {
  ValueLabel label;
  label.kind = static_cast<ValueKind>(1 + byte % 6);
  label.subject = {byte, 7};
  label.generation = {0, static_cast<uint64_t>(byte >> 4)};
  label.number = byte / 6;
  return label;
}

void check_plain(const Envelope& envelope, const ValueLabel& label, std::string_view value) {
  std::string scratch;
  const auto opened = envelope.open(label, value, &scratch);
  CHECK(!opened || envelope.close(label, *opened) == value);
  CHECK(scratch.empty());
}

// Nobody without the secret makes a value that opens.
void check_forged(const Envelope& envelope, const ValueLabel& label, std::string_view value) {
  std::string scratch;
  CHECK(!envelope.open(label, value, &scratch));
  CHECK(scratch.empty());
}

void check_damaged(const Envelope& envelope, const ValueLabel& label, std::string_view payload) {
  std::string value = envelope.close(label, payload);
  std::string scratch;
  const auto opened = envelope.open(label, value, &scratch);
  CHECK(opened && *opened == payload);
  size_t place = value.size();
  for (const char c : payload) place = place * 131 + static_cast<uint8_t>(c);
  place %= value.size();
  CHECK(!envelope.open(label, std::string_view(value).substr(0, place), &scratch));
  value[place] = static_cast<char>(value[place] ^ (1 << (payload.size() % 8)));
  CHECK(!envelope.open(label, value, &scratch));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const Envelope plain(nullptr);
  static const Envelope sealed(
      std::make_unique<const reprise::base::Sealer>("no input can know this one"));
  if (size < 2) return 0;
  const ValueLabel label = label_of(bytes[0]);
  const std::string_view rest(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  check_plain(plain, label, rest);
  if (bytes[1] % 2 == 0) check_forged(sealed, label, rest);
  if (bytes[1] % 4 == 1) check_damaged(plain, label, rest);
  if (bytes[1] % 4 == 3) check_damaged(sealed, label, rest);
  return 0;
}
