#pragma once

#include <string>

#include "proxy/readings.h"

namespace reprise::proxy {

// The statistics object: one line of JSON.
std::string stats_json(const Readings& readings);

}  // namespace reprise::proxy
