#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"

namespace reprise::openai {

// Alias: a gateway whose cache headers are understood and answered.
enum class Alias : uint8_t { kHelicone, kCloudflare, kPortkey, kOpenrouter };

// Aliases: a set of them.
class Aliases {
 public:
  void add(Alias alias) { bits_ = static_cast<uint8_t>(bits_ | bit(alias)); }
  bool has(Alias alias) const { return (bits_ & bit(alias)) != 0; }
  bool empty() const { return bits_ == 0; }

 private:
  static unsigned bit(Alias alias) { return 1U << static_cast<unsigned>(alias); }
  uint8_t bits_ = 0;
};

// AliasAsks: what a request asks of the cache in those gateways' words.
struct AliasAsks {
  bool no_cache = false;
  bool no_store = false;
  std::optional<int64_t> ttl_s;
  std::string name_space;            // empty: none
  std::string key;                   // empty: none
  std::vector<std::string> ignored;  // top-level members, sorted
  bool speaks_helicone = false;      // Cache-Control is meant as Helicone reads it
};

// The fields of `aliases`. A value that makes no sense means nothing, as it does there; of several
// fields for one thing the first counts.
AliasAsks read_alias_fields(const http::Fields& fields, Aliases aliases);

// True if the field speaks to the cache alone, and so ends here.
bool is_alias_request_field(std::string_view name, Aliases aliases);

// AliasAnswer: what is told about an answer's way.
struct AliasAnswer {
  enum class Status : uint8_t {
    kHit,
    kMiss,
    kRefresh,  // a miss that the request wanted
    kBypass,
  };
  Status status = Status::kMiss;
  int64_t age_s = 0;             // of kHit
  int64_t recording_ms = 0;      // of kHit: how long the answer took when it was recorded
  std::optional<int64_t> ttl_s;  // what is left of it, or begins; nothing if it is not stored
};

// Appends what those gateways would say of such an answer to its header lines.
void append_alias_lines(const AliasAnswer& answer, Aliases aliases, std::string* out);
// The same for fields, where it replaces what upstream says under these names.
void set_alias_fields(const AliasAnswer& answer, Aliases aliases, http::Fields* fields);

}  // namespace reprise::openai
