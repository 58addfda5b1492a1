#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cache/memcached_address.h"
#include "cache/memcached_expiry.h"

namespace reprise::cache {

// What became of a change that a server was asked for: told by what is there behind it.
enum class Written : uint8_t {
  kDone,
  kExists,    // there is another value
  kMissing,   // cas: there is none
  kTooLarge,  // beyond the server's item limit; a set has also removed the old one
  kNoRoom,    // the server has no memory for it; a set has also removed the old one
  kFailed,    // no connection, no answer in time, or no sense in it: may have happened or not
};

// MemcachedClient: one server's items, over one connection of libmemcached's, in the text protocol,
// which proxies such as mcrouter speak too. Blocks; each wait (connecting, each poll) is bounded by
// the timeout, looking up a host's name by what the resolver allows.
//
// Every failure ends the connection, so that an answer that comes late is never taken for another
// question's, and the next call connects again at once: when to leave a dead server alone is the
// caller's business, and libmemcached's own opinion of servers is taken from it.
//
// Changes ask for no answer ("noreply"), because libmemcached 1.1 ends the process over one that it
// does not expect: OK to a set, and whatever else a connection out of step brings. Where it matters
// what became of a change, its item is asked for behind it, on the same connection and so after it,
// without waiting in between; answers to that question may be anything. What a server says to a
// change all the same makes that question fail.
//
// Values and names that a server sends are checked here. One answer still ends the process, which
// no server gives: VERSION without a number.
//
// Names are ours and checked as such: 1 to 250 bytes, no white space, no control characters.
// Owner: a lane of the Memcached tier. Thread: its owner's.
class MemcachedClient {
 public:
  static constexpr size_t kNamesMax = 256;
  static constexpr size_t kValueBytesMax = size_t{32} << 20;

  // `timeout_ms` bounds each wait. Connects when first used. Longer values than `value_bytes_max`
  // are failures.
  MemcachedClient(const MemcachedAddress& address, int64_t timeout_ms,
                  size_t value_bytes_max = kValueBytesMax);
  ~MemcachedClient();
  MemcachedClient(const MemcachedClient&) = delete;
  MemcachedClient& operator=(const MemcachedClient&) = delete;

  // Called with the place of the item's name in `names`; the value is valid during the call.
  using OnItem = absl::FunctionRef<void(size_t index, std::string_view value, uint64_t cas)>;

  // Asks for 1 to kNamesMax items at once, all names distinct. Each one that is there is delivered
  // exactly once, in any order. False if the connection failed before the end: those delivered so
  // far are good, of the others nothing is known.
  bool get(std::span<const std::string> names, OnItem on_item);

  // kDone if the very value is there, be it from before: what must be one's own is made like no
  // other.
  Written set(std::string_view name, std::string_view value, Expiry expiry);
  Written add(std::string_view name, std::string_view value, Expiry expiry);
  // Only if nobody has changed it since get() told `cas`.
  Written cas(std::string_view name, std::string_view value, Expiry expiry, uint64_t cas);
  // kDone if nothing is there, whether there was something or not.
  Written remove(std::string_view name);
  // Removes it only if nobody has changed it since get() told `cas`. kDone if it is not there any
  // more, which may be somebody else's doing.
  Written remove(std::string_view name, uint64_t cas);

  // Changes of which nothing is learned but that they were sent, in their order with all others.
  bool send_set(std::string_view name, std::string_view value, Expiry expiry);
  bool send_remove(std::string_view name);

  // Whether the server answers at all. Asks for an item that nobody has, because libmemcached asks
  // for a version only once and cannot read mcrouter's.
  bool ping();
  // The server's item limit, name and overhead included; nothing where it is not told, as through
  // mcrouter.
  std::optional<uint64_t> item_bytes_max();

  void disconnect();

  // Of the last failure, one line without anything that the server said.
  std::string_view last_error() const { return last_error_; }
  // Whether the last failure was a wait that ended without what was waited for.
  bool timed_out() const { return timed_out_; }

 private:
  struct Library;
  // Behind: what lies under a name behind a change.
  struct Behind {
    bool asked = false;  // the server has answered
    bool ours = false;   // the value is the one that was sent
    std::optional<uint64_t> cas;
  };

  bool fetch(std::span<const std::string> names, OnItem on_item);
  bool sent(int returned);
  bool send_cas(std::string_view name, std::string_view value, Expiry expiry, uint64_t cas);
  Behind look_behind(std::string_view name, std::string_view value);
  Written stored(std::string_view name, std::string_view value);
  Written refused(std::string_view name, std::string_view value);
  bool fail(int returned);
  bool fail(std::string_view reason);

  const std::unique_ptr<Library> library_;
  bool limit_asked_ = false;  // on this connection
  std::optional<uint64_t> limit_;
  std::string last_error_;
  bool timed_out_ = false;
};

}  // namespace reprise::cache
