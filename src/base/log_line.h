#pragma once

#include <cstdint>
#include <string>

#include "base/log.h"

namespace reprise::base::log {

// The two shapes of a line, without its line feed. These replace what `out` held.

// `wall_us`: since the Unix epoch.
struct Moment {
  int64_t wall_us = 0;
  Format format = Format::kText;
};

struct Event {
  Level level = Level::kInfo;
  std::string_view message;
  Fields fields;
};

void write_event(const Moment& moment, const Event& event, std::string& out);
void write_access_record(const Moment& moment, const AccessRecord& record, std::string& out);

}  // namespace reprise::base::log
