#include "app/option_checks.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "app/option_secret.h"
#include "app/option_sources.h"
#include "app/option_table.h"
#include "base/log_escape.h"
#include "base/seal.h"

namespace reprise::app {

namespace {

using base::ErrorKind;
using base::Result;

tl::unexpected<base::Error> conflict(const Options& options, std::string_view name,
                                     std::string_view value, std::string_view expected) {
  return complain({name, value, expected, origin_of(options, name)});
}

Result<void> check_addresses(const Options& options) {
  std::vector<ListenAddress> taken;
  for (const ListenAddress& address : options.listen) {
    if (std::find(taken.begin(), taken.end(), address) != taken.end()) {
      return conflict(options, "listen", address.text(), "expected each address once");
    }
    if (address.kind == ListenAddress::Kind::kUnix || address.port != 0) taken.push_back(address);
  }
  if (!options.admin) return {};
  const std::string admin = options.admin->text();
  if (std::find(taken.begin(), taken.end(), *options.admin) != taken.end()) {
    return conflict(options, "admin", admin, "expected an address that --listen does not use");
  }
  if (!options.admin->is_loopback() && options.admin_token.empty()) {
    return conflict(options, "admin", admin,
                    "expected an address on loopback, or --admin-token as well");
  }
  return {};
}

Result<void> check_upstreams(const Options& options) {
  std::vector<std::string_view> names;
  for (const UpstreamAddress& upstream : options.upstreams) {
    if (std::find(names.begin(), names.end(), upstream.name) != names.end()) {
      return conflict(options, "upstream", upstream.text(),
                      upstream.name.empty() ? "expected no more than one without a name"
                                            : "expected each name once");
    }
    names.push_back(upstream.name);
  }
  return {};
}

Result<void> check_memcached(const Options& options) {
  std::vector<HostPort> taken;
  for (const HostPort& server : options.memcached) {
    if (std::find(taken.begin(), taken.end(), server) != taken.end()) {
      return conflict(options, "memcached", server.text(), "expected each server once");
    }
    taken.push_back(server);
  }
  const std::string& file = options.memcached_secret_file;
  if (file.empty()) return {};
  // Who asks for sealing must not believe in it where there is nothing to seal.
  if (options.memcached.empty()) {
    return conflict(options, "memcached-secret", file, "expected --memcached as well");
  }
  auto secret = read_secret(file, origin_of(options, "memcached-secret"));
  if (!secret) return tl::unexpected(std::move(secret.error()));
  base::wipe(&*secret);
  return {};
}

// Where `path` would lie.
std::string parent_of(const std::string& path) {
  const size_t name_end = path.find_last_not_of('/');
  const size_t slash = name_end == std::string::npos ? name_end : path.rfind('/', name_end);
  if (slash == std::string::npos) return name_end == std::string::npos ? "/" : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Whether files can be found, and be put there too. Empty if so.
std::string why_unusable(const std::string& directory, int access) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return std::strerror(errno);
  if (!S_ISDIR(status.st_mode)) return std::strerror(ENOTDIR);
  if (::access(directory.c_str(), access) != 0) return std::strerror(errno);
  return {};
}

Result<void> check_cassette(const Options& options) {
  const std::string& directory = options.cassette_directory;
  if (directory.empty()) return {};
  // Who never asks never records.
  if (options.mode == Mode::kOffline) {
    const std::string why = why_unusable(directory, R_OK | X_OK);
    if (why.empty()) return {};
    return conflict(options, "cassette", directory, "expected a readable directory, but " + why);
  }
  struct stat status {};
  const bool missing = ::stat(directory.c_str(), &status) != 0 && errno == ENOENT;
  const std::string why = missing ? why_unusable(parent_of(directory), W_OK | X_OK)
                                  : why_unusable(directory, R_OK | W_OK | X_OK);
  if (why.empty()) return {};
  return conflict(options, "cassette", directory,
                  "expected a directory that can be written, or made, but " + why);
}

// Empty if it can be read.
std::string why_unreadable(const std::string& path) {
  // Not waiting for the other end of a named pipe.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::strerror(errno);
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  ::close(fd);
  if (known && S_ISDIR(status.st_mode)) return std::strerror(EISDIR);
  return {};
}

Result<void> check_files(const Options& options) {
  const struct {
    std::string_view name;
    const std::string& path;
  } files[] = {{"upstream-ca", options.upstream_ca_file},
               {"tls-cert", options.tls_cert_file},
               {"tls-key", options.tls_key_file}};
  for (const auto& file : files) {
    if (file.path.empty()) continue;
    const std::string why = why_unreadable(file.path);
    if (why.empty()) continue;
    return conflict(options, file.name, file.path, "expected a readable file, but " + why);
  }
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    const bool has_cert = !options.tls_cert_file.empty();
    return conflict(options, has_cert ? "tls-cert" : "tls-key",
                    has_cert ? options.tls_cert_file : options.tls_key_file,
                    has_cert ? "expected --tls-key as well" : "expected --tls-cert as well");
  }
  return {};
}

// Lack: what of an option's value this build does not have, as it would be given, and what it has.
struct Lack {
  std::string what;  // empty: nothing
  std::string_view available;
};

Lack lacking(const OptionSpec& spec, const Options& options, const Options& defaults) {
  const std::string flag = "--" + std::string(spec.name);
  switch (spec.built) {
    case Built::kAll:
      break;
    case Built::kDefaultOnly:
      if (spec.values(options) != spec.values(defaults)) return {flag, spec.default_text};
      break;
  }
  return {};
}

Result<void> check_built(const Options& options) {
  const Options defaults = default_options();
  std::string detail;
  for_each_option([&](const OptionSpec& spec) {
    const Lack lack = lacking(spec, options, defaults);
    if (lack.what.empty() || !detail.empty()) return;
    detail = lack.what + " is not available in this build: given ";
    detail += base::in_quotes(spec.values(options).back());
    detail.append(", expected ").append(lack.available);
    const std::string_view origin = origin_of(options, spec.name);
    if (!origin.empty()) detail.append(" (from ").append(origin).append(")");
  });
  if (detail.empty()) return {};
  return base::fail(ErrorKind::kRefuse, std::move(detail));
}

}  // namespace

Result<void> check_options(const Options& options) {
  // What is missing altogether comes first: nobody should mend a file that is then not used.
  for (const auto check : {check_built, check_addresses, check_upstreams, check_memcached,
                           check_cassette, check_files}) {
    if (auto checked = check(options); !checked) return checked;
  }
  return {};
}

}  // namespace reprise::app
