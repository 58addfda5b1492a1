#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/metrics.h"
#include "cache/entry.h"
#include "http/message.h"
#include "openai/aliases.h"

namespace reprise::proxy {

// CacheNote: what an answer says about the cache's part in it.
struct CacheNote {
  base::CacheResult result = base::CacheResult::kPassed;
  std::string_view forwarded;  // RFC 9211 §2.2: why upstream was asked; empty for what is held
  std::string_view detail;     // RFC 9211 §2.8; empty: none
  bool stored = false;         // the intention: the head leaves before the end is known
  int64_t ttl_ms = 0;          // of what is stored
};

// "HIT", "MISS", …; empty for kPassed.
std::string_view x_cache_value(base::CacheResult result);

// How the client's connection goes on.
enum class Persistence : uint8_t { kKeep, kKeepHttp10, kClose };

// Adds X-Cache, Cache-Status and X-Reprise-Key to an upstream answer's fields, and what `aliases`
// call them; removes what upstream says under those names. Nothing for kPassed.
void add_cache_fields(const CacheNote& note, const base::Digest128* key, openai::Aliases aliases,
                      http::Fields* fields);

// RandomIds: request ids. Owner: a worker. Thread: its own. Not secret, only distinct.
class RandomIds {
 public:
  RandomIds();
  // "req_" and 32 hex digits.
  void append(std::string* out);

 private:
  uint64_t next();
  uint64_t state_[2];
};

// ReplayHead: what changes from one replay of an entry to the next.
struct ReplayHead {
  const cache::Entry& entry;
  const cache::Rendition* rendition = nullptr;  // of the entry; null: the recorded bytes
  const CacheNote& note;
  int64_t now_us = 0;
  Persistence persistence = Persistence::kKeep;
  openai::Aliases aliases{};
};

// The whole head of a replay, with the length of what is sent.
void write_replay_head(const ReplayHead& replay, RandomIds& ids, std::string* out);
// The same for a rendition of an answer that has only just come: of a request in flight that was
// shared.
void write_collapsed_head(const ReplayHead& replay, RandomIds& ids, std::string* out);

}  // namespace reprise::proxy
