#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace reprise::base {

using Key256 = std::array<uint8_t, 32>;

// HKDF-SHA256 (RFC 5869), the first 32 bytes of its output. `secret` is not empty. The caller wipes
// what it gets.
Key256 hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info);

// Overwrites what was secret, whatever the optimiser thinks of that, and empties it.
void wipe(std::string* secret);

// Sealer: encrypts and authenticates values for a place that others can read and write, and gives
// them names that tell nothing. A sealed value is
//
//   salt, 32 random bytes | AES-256-GCM of the plain one | tag, 16 bytes
//
// under a key that HKDF makes of the secret and the salt. Old values can be played back and values
// can be withheld; `associated` is what keeps one from standing in for another.
//
// Owner: whoever made it. Immutable. Thread: any. Its secrets are wiped when it goes.
class Sealer {
 public:
  static constexpr size_t kSecretBytesMin = 16;
  static constexpr size_t kSaltBytes = 32;
  static constexpr size_t kTagBytes = 16;
  static constexpr size_t kOverheadBytes = kSaltBytes + kTagBytes;
  // Of a plain value, and of what is associated with it. Far beyond what anybody stores in one
  // piece, and within what the cipher's interface can count.
  static constexpr size_t kPlainBytesMax = size_t{1} << 30;

  // `secret` is at least kSecretBytesMin long; it is copied.
  explicit Sealer(std::string_view secret);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Appends `plain`, sealed, to *out: kOverheadBytes more than it has. Never the same twice.
  // `associated` is not in there, but what is sealed opens only together with it.
  void seal(std::string_view associated, std::string_view plain, std::string* out) const;

  // Puts into *out what was sealed. False, and *out is empty, if any bit of `sealed` or
  // `associated` is not as it was, or the secret is another one.
  [[nodiscard]] bool open(std::string_view associated, std::string_view sealed,
                          std::string* out) const;

  // The first half of HMAC-SHA256 of `what`: always the same, and no way back without the secret.
  Digest128 name(std::string_view what) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace reprise::base
