#pragma once

#include <string>

namespace reprise::net {

// Why the OpenSSL call before failed: the oldest error of this thread's queue, which is emptied.
std::string take_tls_error();

}  // namespace reprise::net
