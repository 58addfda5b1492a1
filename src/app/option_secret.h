#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::app {

// The secret in the file of --memcached-secret: all of it but line ends at its end, at least 16
// bytes. The caller wipes it (base::wipe). The error names the option, the file and what was
// expected, and where the option came from if `origin` says so; nothing of what the file holds.
base::Result<std::string> read_secret(const std::string& path, std::string_view origin = {});

// True if the file may be read by users other than its owner and group.
bool is_world_readable(const std::string& path);

}  // namespace reprise::app
