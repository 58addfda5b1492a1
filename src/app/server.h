#pragma once

#include "app/options.h"

namespace reprise::app {

// Serves until SIGTERM or SIGINT and returns the exit code: 0 after draining, 1 if it could not
// start (said in one line on stderr) or was told twice. The log is up; no other thread runs yet.
int run(const Options& options);

}  // namespace reprise::app
