#pragma once

#include "app/options.h"
#include "proxy/connection_group.h"
#include "proxy/settings.h"

namespace reprise::app {

// What the proxy needs of the options, in its own words.
proxy::Settings settings_of(const Options& options);
proxy::ClientLimits client_limits_of(const Options& options);

}  // namespace reprise::app
