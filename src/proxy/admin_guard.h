#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "http/message.h"
#include "openai/error_body.h"

namespace reprise::proxy {

// What a caller must show for a page.
enum class Access : uint8_t {
  kOpen,        // nothing
  kToken,       // the admin token, if there is one
  kTokenField,  // the same, in its own field: Authorization is part of what is asked about
};

inline constexpr std::string_view kAdminTokenField = "X-Reprise-Admin-Token";

// AdminGuard: keeps web pages, and callers without the token, from the admin listener. Without a
// token the only protection is that it is local, and a browser is local too: a page may not name
// itself as the origin, nor reach us under a name of its own (DNS rebinding).
// Owner: Admin. Thread: any; immutable.
class AdminGuard {
 public:
  // `addresses`: where we listen, each HOST:PORT or unix:PATH. `token` empty: none.
  AdminGuard(const std::vector<std::string>& addresses, std::string_view token);

  // `authority`: the target's, if it was in absolute form; empty otherwise. Nothing if the request
  // may be answered.
  std::optional<openai::ErrorCode> refuse(const http::RequestHead& head, std::string_view authority,
                                          Access access) const;

 private:
  bool own_host(std::string_view authority) const;
  bool own_origin(std::string_view origin, std::string_view host) const;
  bool is_token(std::string_view text) const;
  bool shows_token(const http::Fields& fields, Access access) const;

  std::vector<std::string> addresses_;  // HOST:PORT
  std::optional<base::Sha256> token_;   // its digest, so that comparing tells no length
};

}  // namespace reprise::proxy
