#pragma once

#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// What no option can tell about itself: conflicts between options, files that must be there, what
// this build does not have.
base::Result<void> check_options(const Options& options);

}  // namespace reprise::app
