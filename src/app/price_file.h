#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "openai/prices.h"

namespace reprise::app {

// The prices in the file of --prices: a table for each model with `input` and perhaps `output`,
// dollars per million tokens. The error names the option, the file, the line and what was expected,
// and where the option came from if `origin` says so.
base::Result<std::shared_ptr<const openai::Prices>> read_prices(const std::string& path,
                                                                std::string_view origin = {});

}  // namespace reprise::app
