#pragma once

#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "proxy/readings.h"

namespace reprise::proxy {

// The statistics object: one line of JSON.
std::string stats_json(const Readings& readings);

// The member `name` of the object being written: the servers and whether they are up or down.
void write_memcached_servers(base::JsonWriter& json, std::string_view name,
                             const cache::MemcachedReadings& memcached);

}  // namespace reprise::proxy
