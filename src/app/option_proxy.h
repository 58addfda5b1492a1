#pragma once

#include <string>
#include <string_view>

#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// [http://][USER[:PASSWORD]@]HOST:PORT, the user information percent-encoded where it must be.
base::Result<ProxyAddress> parse_upstream_proxy(std::string_view text);

// `text`, be it a proxy's address or not, with kMask in place of any user information.
std::string without_user_info(std::string_view text);

}  // namespace reprise::app
