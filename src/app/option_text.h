#pragma once

#include <string>

#include "app/options.h"

namespace reprise::app {

// What --help prints.
std::string help_text();

// What --check prints: the options, resolved, as a file that --config reads. Secrets are masked, in
// comments, so that no mask is ever taken for a secret.
std::string check_text(const Options& options);

// What --version prints: "reprise VERSION", and a line for each library that is not ours.
std::string version_text();

}  // namespace reprise::app
