#include "cache/lease.h"

#include <utility>

#include "base/packer.h"
#include "base/random.h"

namespace reprise::cache {

namespace {

void pack_digest(base::ByteWriter& out, const base::Digest128& digest) {
  out.u64(digest.high);
  out.u64(digest.low);
}

base::Digest128 unpack_digest(base::ByteReader& in) {
  base::Digest128 digest;
  digest.high = in.u64();
  digest.low = in.u64();
  return digest;
}

}  // namespace

std::string lease_prefix(const base::Digest128& token) {
  base::ByteWriter out;
  pack_digest(out, token);
  return std::move(out).take();
}

std::string pack_lease(const Lease& lease) {
  base::ByteWriter out;
  pack_digest(out, lease.token);
  out.bytes({reinterpret_cast<const char*>(lease.proof.data()), lease.proof.size()});
  out.signed_varint(lease.asked_at_us);
  out.u8(static_cast<uint8_t>(openai::form_bits(lease.form)));
  out.u8(static_cast<uint8_t>(lease.door));
  out.varint(lease.published);
  return std::move(out).take();
}

std::optional<Lease> unpack_lease(std::string_view payload) {
  base::ByteReader in(payload);
  Lease lease;
  lease.token = unpack_digest(in);
  const std::string_view proof = in.bytes(lease.proof.size());
  if (!in.ok()) return std::nullopt;
  proof.copy(reinterpret_cast<char*>(lease.proof.data()), proof.size());
  lease.asked_at_us = in.signed_varint();
  lease.form = openai::form_of_bits(in.u8());
  lease.door = in.u8() == 0 ? Lease::Door::kOpen : Lease::Door::kClosed;
  lease.published = in.varint();
  if (!in.at_end()) return std::nullopt;
  return lease;
}

base::Digest128 random_token() { return {base::random_u64(), base::random_u64()}; }

ValueLabel lease_label(const base::Digest128& key, LeaseKind kind) {
  return {ValueKind::kLease, key, {}, static_cast<uint32_t>(kind)};
}

ValueLabel marker_label(const base::Digest128& token) { return {ValueKind::kMarker, token, {}, 0}; }

ValueLabel segment_label(const base::Digest128& token, uint64_t number) {
  return {ValueKind::kSegment, token, {}, static_cast<uint32_t>(number)};
}

}  // namespace reprise::cache
