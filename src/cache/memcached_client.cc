#include "cache/memcached_client.h"

#include <absl/container/flat_hash_map.h>
#include <libmemcached/memcached.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <system_error>

#include "base/check.h"
#include "cache/memcached_ring.h"

// The one place that knows libmemcached: the client and the ring.
namespace reprise::cache {
namespace {

constexpr size_t kNameBytesMax = 250;
// What a server counts to an item besides its name and its value.
constexpr size_t kItemHeadBytes = 64;
// Where no item limit is told, what is not larger is not called too large.
constexpr uint64_t kSmallBytes = 4096;
// libmemcached takes memory by the KiB, and values with the CR LF after them.
constexpr size_t kAllocationSlack = 4096;
// What the memory for values may keep between two questions.
constexpr size_t kValueBytesKept = size_t{2} << 20;
// What libmemcached asks for besides values is smaller.
constexpr size_t kAllocationMin = size_t{1} << 20;
// A value said to be 2^64 - 2 bytes long is terminated before its beginning: in this space.
constexpr size_t kSpaceBefore = alignof(std::max_align_t);
// A name may be as long as a line, 350 bytes, and is written into 251: the rest goes here.
constexpr size_t kSpaceAfterName = 128;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// Places: finds where each name that is answered stands in the question. Servers answer in its
// order and leave out what they do not have, so that steps forward find the next name. Proxies may
// answer in another order; only then names are looked up.
class Places {
 public:
  explicit Places(std::span<const std::string> names) : names_(names) {}

  // Where `name` stands, if it was asked for and has not been taken yet.
  std::optional<size_t> take(std::string_view name) {
    while (next_ < names_.size()) {
      const size_t index = next_++;
      if (names_[index] == name) return take_at(index);
    }
    if (by_name_.empty()) {
      by_name_.reserve(names_.size());
      for (size_t i = 0; i < names_.size(); ++i) by_name_.emplace(names_[i], i);
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? std::nullopt : take_at(found->second);
  }

 private:
  std::optional<size_t> take_at(size_t index) {
    if (taken_[index]) return std::nullopt;
    taken_.set(index);
    return index;
  }

  const std::span<const std::string> names_;
  size_t next_ = 0;
  std::bitset<MemcachedClient::kNamesMax> taken_;
  absl::flat_hash_map<std::string_view, size_t> by_name_;
};

}  // namespace

// Library: the connection, and the memory that values are read into.
struct MemcachedClient::Library {
  Library(const MemcachedAddress& to, int64_t timeout_ms, size_t value_max);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Forgets the connection, whatever state it is in, and what libmemcached holds against the
  // server: otherwise it would refuse to connect for a second or more.
  void reset();
  void create_result();
  void free_result();

  // libmemcached takes memory for a value as soon as a server has told its length.
  static void* allocate(const memcached_st* shell, size_t size, void* context) {
    return reallocate(shell, nullptr, size, context);
  }
  static void* allocate_zeroed(const memcached_st* shell, size_t count, size_t size, void* context);
  static void* reallocate(const memcached_st*, void* old, size_t size, void* context);
  static void release(const memcached_st*, void* memory, void* context);

  const MemcachedAddress address;
  const size_t value_bytes_max;
  memcached_st shell;
  struct {
    memcached_result_st result;
    std::array<char, kSpaceAfterName> space;
  } padded;
  bool result_released = false;
  std::array<const char*, kNamesMax> names;
  std::array<size_t, kNamesMax> name_lengths;
};

MemcachedClient::Library::Library(const MemcachedAddress& to, int64_t timeout_ms, size_t value_max)
    : address(to), value_bytes_max(value_max) {
  CHECK(memcached_create(&shell) != nullptr);
  CHECK(memcached_success(memcached_set_memory_allocators(&shell, allocate, release, reallocate,
                                                          allocate_zeroed, this)));
  const auto timeout = static_cast<uint64_t>(
      std::clamp<int64_t>(timeout_ms, 1, std::numeric_limits<int32_t>::max()));
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, timeout);
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_POLL_TIMEOUT, timeout);
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_AUTO_EJECT_HOSTS, 0);
  // Gets read their answers all the same.
  memcached_behavior_set(&shell, MEMCACHED_BEHAVIOR_NOREPLY, 1);
  create_result();
  reset();
}

MemcachedClient::Library::~Library() {
  free_result();
  memcached_free(&shell);
}

void MemcachedClient::Library::reset() {
  memcached_servers_reset(&shell);
  memcached_server_add(&shell, address.host.c_str(), address.port);
}

void MemcachedClient::Library::create_result() {
  result_released = false;
  CHECK(memcached_result_create(&shell, &padded.result) != nullptr);
  // There is memory from the first value on, even for one said to be of no length.
  CHECK(memcached_success(memcached_result_set_value(&padded.result, "", 1)));
}

void MemcachedClient::Library::free_result() {
  // Too long a name may have overwritten it.
  padded.result.options.is_allocated = false;
  if (!result_released) memcached_result_free(&padded.result);
}

void* MemcachedClient::Library::allocate_zeroed(const memcached_st* shell, size_t count,
                                                size_t size, void* context) {
  if (size != 0 && count > std::numeric_limits<size_t>::max() / size) return nullptr;
  void* const memory = allocate(shell, count * size, context);
  if (memory != nullptr) std::fill_n(static_cast<char*>(memory), count * size, '\0');
  return memory;
}

void* MemcachedClient::Library::reallocate(const memcached_st*, void* old, size_t size,
                                           void* context) {
  const size_t value_max = static_cast<const Library*>(context)->value_bytes_max;
  if (size > std::max(value_max + kAllocationSlack, kAllocationMin)) return nullptr;
  char* const block = old == nullptr ? nullptr : static_cast<char*>(old) - kSpaceBefore;
  void* const moved = std::realloc(block, kSpaceBefore + size);
  return moved == nullptr ? nullptr : static_cast<char*>(moved) + kSpaceBefore;
}

void MemcachedClient::Library::release(const memcached_st*, void* memory, void* context) {
  auto* const library = static_cast<Library*>(context);
  if (memory == &library->padded.result) {
    // Only if its mark that it is not libmemcached's was overwritten; its value went before it.
    library->result_released = true;
  } else if (memory != nullptr) {
    std::free(static_cast<char*>(memory) - kSpaceBefore);
  }
}

MemcachedClient::MemcachedClient(const MemcachedAddress& address, int64_t timeout_ms,
                                 size_t value_bytes_max)
    : library_(std::make_unique<Library>(address, timeout_ms, value_bytes_max)) {}

MemcachedClient::~MemcachedClient() = default;

void MemcachedClient::disconnect() {
  library_->reset();
  limit_asked_ = false;
  limit_.reset();
}

bool MemcachedClient::fail(std::string_view reason) {
  last_error_ = reason;
  timed_out_ = false;
  library_->free_result();
  library_->create_result();
  disconnect();
  return false;
}

bool MemcachedClient::fail(int returned) {
  const auto code = static_cast<memcached_return_t>(returned);
  const int system = memcached_last_error_errno(&library_->shell);
  std::string reason = memcached_strerror(&library_->shell, code);
  if (system != 0) reason += ": " + std::generic_category().message(system);
  fail(reason);
  timed_out_ = code == MEMCACHED_TIMEOUT || code == MEMCACHED_IN_PROGRESS;
  return false;
}

bool MemcachedClient::get(std::span<const std::string> names, OnItem on_item) {
  CHECK(!names.empty() && names.size() <= kNamesMax);
  for (size_t i = 0; i < names.size(); ++i) {
    CHECK(is_name(names[i]));
    library_->names[i] = names[i].data();
    library_->name_lengths[i] = names[i].size();
  }
  const memcached_return_t asked = memcached_mget(&library_->shell, library_->names.data(),
                                                  library_->name_lengths.data(), names.size());
  if (asked != MEMCACHED_SUCCESS) return fail(asked);
  if (!fetch(names, on_item)) return false;
  if (library_->padded.result.value.current_size > kValueBytesKept) {
    library_->free_result();
    library_->create_result();
  }
  return true;
}

bool MemcachedClient::fetch(std::span<const std::string> names, OnItem on_item) {
  memcached_result_st* const result = &library_->padded.result;
  memcached_return_t fetched = MEMCACHED_SUCCESS;
  Places places(names);
  // With a count of 0, libmemcached calls whatever goes wrong a miss.
  result->count = 1;
  // Some answers that bring nothing pass for an item, the one before.
  memcached_result_reset(result);
  while (memcached_fetch_result(&library_->shell, result, &fetched) != nullptr) {
    if (fetched != MEMCACHED_SUCCESS) return fail(fetched);
    const size_t length = memcached_result_length(result);
    if (length > library_->value_bytes_max) return fail("too large an item");
    const size_t name_length = memcached_result_key_length(result);
    const std::optional<size_t> index =
        name_length > kNameBytesMax ? std::nullopt : places.take({result->item_key, name_length});
    if (!index) return fail("an item that nobody asked for");
    on_item(*index, {memcached_result_value(result), length}, memcached_result_cas(result));
    memcached_result_reset(result);
  }
  return fetched == MEMCACHED_END || fail(fetched);
}

bool MemcachedClient::sent(int returned) { return returned == MEMCACHED_SUCCESS || fail(returned); }

bool MemcachedClient::send_set(std::string_view name, std::string_view value, Expiry expiry) {
  CHECK(is_name(name));
  return sent(memcached_set(&library_->shell, name.data(), name.size(), value.data(), value.size(),
                            expiry.seconds, 0));
}

bool MemcachedClient::send_remove(std::string_view name) {
  CHECK(is_name(name));
  return sent(memcached_delete(&library_->shell, name.data(), name.size(), 0));
}

Written MemcachedClient::set(std::string_view name, std::string_view value, Expiry expiry) {
  return send_set(name, value, expiry) ? stored(name, value) : Written::kFailed;
}

Written MemcachedClient::add(std::string_view name, std::string_view value, Expiry expiry) {
  CHECK(is_name(name));
  const bool asked = sent(memcached_add(&library_->shell, name.data(), name.size(), value.data(),
                                        value.size(), expiry.seconds, 0));
  return asked ? stored(name, value) : Written::kFailed;
}

bool MemcachedClient::send_cas(std::string_view name, std::string_view value, Expiry expiry,
                               uint64_t cas) {
  CHECK(is_name(name));
  // A server that does not count changes says 0, and libmemcached then says nothing.
  if (cas == 0) return fail("the server does not support cas");
  return sent(memcached_cas(&library_->shell, name.data(), name.size(), value.data(), value.size(),
                            expiry.seconds, 0, cas));
}

Written MemcachedClient::cas(std::string_view name, std::string_view value, Expiry expiry,
                             uint64_t cas) {
  if (!send_cas(name, value, expiry, cas)) return Written::kFailed;
  const Behind behind = look_behind(name, value);
  if (!behind.asked) return Written::kFailed;
  if (behind.ours) return Written::kDone;
  if (!behind.cas) return Written::kMissing;
  return *behind.cas == cas ? refused(name, value) : Written::kExists;
}

Written MemcachedClient::remove(std::string_view name) {
  if (!send_remove(name)) return Written::kFailed;
  const Behind behind = look_behind(name, {});
  if (!behind.asked) return Written::kFailed;
  return behind.cas ? Written::kExists : Written::kDone;
}

// By expiring it at once, because there is no removal that compares first.
Written MemcachedClient::remove(std::string_view name, uint64_t cas) {
  if (!send_cas(name, "", Expiry{-1}, cas)) return Written::kFailed;
  const Behind behind = look_behind(name, {});
  if (!behind.asked) return Written::kFailed;
  return behind.cas == cas ? Written::kNoRoom : Written::kDone;
}

MemcachedClient::Behind MemcachedClient::look_behind(std::string_view name,
                                                     std::string_view value) {
  Behind behind;
  const std::string asked_for(name);
  behind.asked = get({&asked_for, 1}, [&](size_t, std::string_view there, uint64_t cas) {
    behind.ours = there == value;
    behind.cas = cas;
  });
  return behind;
}

Written MemcachedClient::stored(std::string_view name, std::string_view value) {
  const Behind behind = look_behind(name, value);
  if (!behind.asked) return Written::kFailed;
  if (behind.ours) return Written::kDone;
  return behind.cas ? Written::kExists : refused(name, value);
}

// Why it was, the server did not say.
Written MemcachedClient::refused(std::string_view name, std::string_view value) {
  if (!limit_asked_) item_bytes_max();
  const bool too_large =
      limit_ ? name.size() + value.size() + kItemHeadBytes > *limit_ : value.size() > kSmallBytes;
  return too_large ? Written::kTooLarge : Written::kNoRoom;
}

bool MemcachedClient::ping() {
  static const std::string nobodys = "r1:ping";
  return get({&nobodys, 1}, [](size_t, std::string_view, uint64_t) {});
}

std::optional<uint64_t> MemcachedClient::item_bytes_max() {
  const auto read = [](const memcached_instance_st*, const char* name, size_t name_length,
                       const char* value, size_t length, void* found) {
    uint64_t number = 0;
    if (std::string_view(name, name_length) == "item_size_max" &&
        std::from_chars(value, value + length, number).ptr == value + length && length > 0) {
      *static_cast<std::optional<uint64_t>*>(found) = number;
    }
    return MEMCACHED_SUCCESS;
  };
  std::optional<uint64_t> found;
  // It asks for the version first, and without this would leave the answer lying.
  memcached_behavior_set(&library_->shell, MEMCACHED_BEHAVIOR_NOREPLY, 0);
  const memcached_return_t asked =
      memcached_stat_execute(&library_->shell, "settings", read, &found);
  memcached_behavior_set(&library_->shell, MEMCACHED_BEHAVIOR_NOREPLY, 1);
  if (asked != MEMCACHED_SUCCESS) {
    fail(asked);
    return std::nullopt;
  }
  limit_asked_ = true;
  limit_ = found;
  return found;
}

void MemcachedRing::Free::operator()(memcached_st* ring) const { memcached_free(ring); }

MemcachedRing::MemcachedRing(std::span<const MemcachedAddress> servers) {
  CHECK(!servers.empty() && servers.size() <= kServersMax);
  for (const MemcachedAddress& server : servers) {
    CHECK(!server.host.empty() && server.host.size() <= kHostBytesMax);
  }
  if (servers.size() == 1) return;
  ring_.reset(memcached_create(nullptr));
  CHECK(ring_ != nullptr);
  // Before there are servers, because each one that joins puts the ring in order anew.
  CHECK(memcached_success(
      memcached_behavior_set(ring_.get(), MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1)));
  for (const MemcachedAddress& server : servers) {
    CHECK(memcached_success(memcached_server_add(ring_.get(), server.host.c_str(), server.port)));
  }
}

// memcached_generate_hash reads the ring and writes nothing: it takes a const memcached_st, MD5
// works on the stack, and unlike the commands it never puts the ring in order anew (which they do
// only when hosts are ejected, and we eject none). So any number of threads may ask at once.
size_t MemcachedRing::server_of(std::string_view name) const {
  return ring_ == nullptr ? 0 : memcached_generate_hash(ring_.get(), name.data(), name.size());
}

}  // namespace reprise::cache
