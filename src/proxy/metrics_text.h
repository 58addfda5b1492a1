#pragma once

#include <string>
#include <string_view>

#include "proxy/readings.h"

namespace reprise::proxy {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// The Prometheus text exposition. Series whose labels are known beforehand are there from the start
// with 0, so that rates and alerts have something to hold on to.
std::string metrics_text(const Readings& readings);

}  // namespace reprise::proxy
