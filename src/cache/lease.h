#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "cache/envelope.h"
#include "openai/endpoint.h"

namespace reprise::cache {

// Lease: the word of one process that it is asking upstream, kept in Memcached for all others to
// find. It expires by itself unless it is renewed, so that nobody waits for a process that has
// died.
struct Lease {
  static constexpr int64_t kLifeMs = 10'000;
  static constexpr int64_t kRenewalMs = 3'000;

  enum class Door : uint8_t { kOpen, kClosed };

  base::Digest128 token;    // random: this flight and no other
  base::Sha256 proof{};     // of the question
  int64_t asked_at_us = 0;  // wall clock
  openai::Form form;        // in which upstream is asked
  Door door = Door::kOpen;  // whether newcomers may still follow
  uint64_t published = 0;   // segments that were published so far
};

std::string pack_lease(const Lease& lease);
std::optional<Lease> unpack_lease(std::string_view payload);
// What a lease with this token begins with, see SharedWrite.
std::string lease_prefix(const base::Digest128& token);

base::Digest128 random_token();

// LeaseKind: which of a question's leases it is.
enum class LeaseKind : uint8_t {
  kCommon,  // whoever asks first, in whatever form
  kUsage,   // for those who want usage in their stream, while the common one is of a stream without
};
ValueLabel lease_label(const base::Digest128& key, LeaseKind kind);
ValueLabel marker_label(const base::Digest128& token);
ValueLabel segment_label(const base::Digest128& token, uint64_t number);

}  // namespace reprise::cache
