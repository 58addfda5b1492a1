#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::proxy {

// PurgeOrder: what a purge is asked to reach.
struct PurgeOrder {
  enum class Scope : uint8_t { kAll, kNamespace, kModel };
  static constexpr size_t kBodyBytesMax = 4096;
  static constexpr size_t kModelBytesMax = 1024;

  Scope scope = Scope::kAll;
  std::string name;  // the namespace (empty: the default one) or model
};

// Reads {"all":true}, {"namespace":"…"} or {"model":"…"}; any other body is an error, because a
// purge that was meant otherwise cannot be taken back.
base::Result<PurgeOrder> parse_purge_order(std::string_view body);

}  // namespace reprise::proxy
