#pragma once

#include <string>

namespace reprise::e2e {

// `text` with Content-Encoding gzip.
std::string gzip(const std::string& text);

}  // namespace reprise::e2e
