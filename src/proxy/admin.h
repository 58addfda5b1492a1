#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/clock.h"
#include "cache/cassette_tier.h"
#include "cache/memcached_tier.h"
#include "cache/purge_record.h"
#include "cache/tier.h"
#include "http/message.h"
#include "proxy/admin_guard.h"
#include "proxy/explanation.h"
#include "proxy/own_response.h"
#include "proxy/readings.h"
#include "proxy/refusal.h"

namespace reprise::proxy {

// Readiness: whether new requests are welcome. Moves forward only.
enum class Readiness : uint8_t { kStarting, kReady, kDraining };

// AdminSettings: what configuration says about the admin listener.
struct AdminSettings {
  std::vector<std::string> addresses;  // where it listens: HOST:PORT with the real port, unix:PATH
  std::string token;                   // empty: none
  std::string name_space;              // that purges by namespace stay within
};

// AdminParts: what the answers are made from. Everything outlives Admin.
struct AdminParts {
  struct NamedTier {
    std::string_view name;
    cache::Tier& tier;
  };
  // What would be done with this request, as if it had come to the proxy; `other` may be null, or
  // names the entry to compare with.
  using Explain = std::function<tl::expected<Explanation, Refusal>(
      const http::RequestHead& head, std::string_view body, const cache::Entry* other)>;

  std::vector<NamedTier> tiers;             // in the order in which they are asked
  cache::CassetteTier* cassette = nullptr;  // that keeps purges; null: none
  cache::MemcachedTier* memcached;          // that shares them; null: none
  cache::PurgeRecord& purges;
  const base::Clock& clock;
  const std::atomic<Readiness>& readiness;
  std::function<Readings()> read;
  Explain explain;
};

// Admin: answers the requests of the admin listener, all but the streamed ones, from what it is
// given: no sockets. Where entries are shared it waits for them, for as long as lookups may take.
// Owner: Server. Thread: any.
class Admin {
 public:
  Admin(const AdminSettings& settings, AdminParts parts);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  // `body` is the request's whole body. HEAD's answer is GET's: its delivery leaves the body out.
  OwnResponse answer(const http::RequestHead& head, std::string_view body) const;

 private:
  // Request: one request, taken apart.
  struct Request {
    const http::RequestHead& head;
    std::string_view body;
    std::string_view authority;  // of a target in absolute form
    std::string_view path;
    std::string_view rest;   // of the path, behind what names the page
    std::string_view query;  // with its question mark
  };
  // Page: what answers under a path.
  struct Page {
    std::string_view path;  // if it ends in '/', any path below it
    Access access;
    std::string_view methods;  // as Allow lists them
    OwnResponse (Admin::*answer)(const Request&) const;
  };
  // Held: an entry and the tier that it was found in.
  struct Held {
    std::shared_ptr<const cache::Entry> entry;
    std::string_view tier;
  };

  static const Page* page_of(Request* request);
  OwnResponse health(const Request& request) const;
  OwnResponse readiness(const Request& request) const;
  OwnResponse metrics(const Request& request) const;
  OwnResponse stats(const Request& request) const;
  OwnResponse entry(const Request& request) const;
  OwnResponse show_entry(const base::Digest128& key) const;
  OwnResponse delete_entry(const base::Digest128& key) const;
  OwnResponse purge(const Request& request) const;
  OwnResponse explain(const Request& request) const;
  Held find(const base::Digest128& key) const;

  const AdminGuard guard_;
  const std::string name_space_;
  const AdminParts parts_;
};

}  // namespace reprise::proxy
