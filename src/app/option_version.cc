#include "app/option_text.h"

// Each library's header stays behind its one door; of libraries that run, these are all we ask.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
const char* uv_version_string();
const char* OpenSSL_version(int what);
const char* zlibVersion();
const char* ZSTD_versionString();
}
// NOLINTEND(readability-identifier-naming)

namespace reprise::app {

namespace {

constexpr std::string_view kVersion = "0.1.0";

}  // namespace

std::string version_text() {
  std::string text = "reprise ";
  text.append(kVersion).append("\n");
  text.append("libuv ").append(uv_version_string()).append("\n");
  text.append(OpenSSL_version(0)).append("\n");
  text.append("zlib ").append(zlibVersion()).append("\n");
  text.append("zstd ").append(ZSTD_versionString()).append("\n");
  return text;
}

}  // namespace reprise::app
