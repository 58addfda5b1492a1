#pragma once

#include "app/options.h"
#include "cache/cassette_tier.h"
#include "cache/memcached_tier.h"
#include "proxy/connection_group.h"
#include "proxy/settings.h"

namespace reprise::app {

// What the proxy needs of the options, in its own words.
proxy::Settings settings_of(const Options& options);
proxy::ClientLimits client_limits_of(const Options& options);
// `secret` is empty if values are to be plain.
cache::MemcachedTerms memcached_terms_of(const Options& options, std::string secret);
cache::CassetteTerms cassette_terms_of(const Options& options);

}  // namespace reprise::app
