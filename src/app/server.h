#pragma once

#include <functional>

#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// Whether the certificates and keys that the options name are good.
base::Result<void> check_tls(const Options& options);

// Reads the configuration again, from where it came.
using ReadAgain = std::function<base::Result<Options>()>;

// Serves until SIGTERM or SIGINT and returns the exit code: 0 after draining, 1 if it could not
// start (said in one line on stderr) or was told twice. SIGHUP makes it go by what `read_again`
// gives, as far as a running process can. The log is up; no other thread runs yet.
int run(const Options& options, ReadAgain read_again);

}  // namespace reprise::app
