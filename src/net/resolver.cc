#include "net/resolver.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace reprise::net {

namespace {

Address to_address(const sockaddr* address, size_t size) {
  Address result;
  CHECK(size <= sizeof(result.storage));
  std::memcpy(&result.storage, address, size);
  return result;
}

bool parse_literal(const std::string& host, uint16_t port, Address* out) {
  sockaddr_in v4{};
  if (uv_ip4_addr(host.c_str(), port, &v4) == 0) {
    *out = to_address(reinterpret_cast<sockaddr*>(&v4), sizeof(v4));
    return true;
  }
  sockaddr_in6 v6{};
  if (uv_ip6_addr(host.c_str(), port, &v6) == 0) {
    *out = to_address(reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
    return true;
  }
  return false;
}

}  // namespace

struct Resolver::Lookup {
  uv_getaddrinfo_t request{};
  Resolver* resolver = nullptr;  // null once the resolver is dead
  std::pair<std::string, uint16_t> name;
  std::vector<Callback> callbacks;
};

Resolver::Resolver(Loop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  for (auto& [name, lookup] : pending_) {
    lookup->resolver = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup->request));
  }
}

void Resolver::resolve(const std::string& host, uint16_t port, Callback callback) {
  Address literal;
  if (parse_literal(host, port, &literal)) return callback(Addresses{literal});
  const std::pair<std::string, uint16_t> name(host, port);
  const auto known = known_.find(name);
  if (known != known_.end() && known->second.until_ms > loop_.now_ms()) {
    return callback(known->second.addresses);
  }
  const auto pending = pending_.find(name);
  if (pending != pending_.end()) {
    pending->second->callbacks.push_back(std::move(callback));
    return;
  }
  auto lookup = std::make_unique<Lookup>();
  lookup->resolver = this;
  lookup->name = name;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const int error = uv_getaddrinfo(
      loop_.uv(), &lookup->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        const std::unique_ptr<Lookup> done(static_cast<Lookup*>(request->data));
        if (done->resolver != nullptr) done->resolver->on_resolved(*done, status, found);
        uv_freeaddrinfo(found);
      },
      host.c_str(), std::to_string(port).c_str(), &hints);
  if (error != 0) {
    return callback(base::fail(base::ErrorKind::kUnavailable, uv_strerror(error)));
  }
  lookup->callbacks.push_back(std::move(callback));
  pending_.emplace(name, lookup.release());
}

void Resolver::remember(const std::string& host, uint16_t port, Addresses addresses) {
  known_[{host, port}] = {std::move(addresses), loop_.now_ms() + kRememberMs};
}

void Resolver::on_resolved(Lookup& lookup, int status, const addrinfo* found) {
  pending_.erase(lookup.name);
  base::Result<Addresses> result = Addresses{};
  for (const addrinfo* info = found; status == 0 && info != nullptr; info = info->ai_next) {
    result->push_back(to_address(info->ai_addr, info->ai_addrlen));
  }
  if (status != 0 || result->empty()) {
    const char* why = status != 0 ? uv_strerror(status) : "no address";
    result = base::fail(base::ErrorKind::kUnavailable, lookup.name.first + ": " + why);
  } else {
    remember(lookup.name.first, lookup.name.second, *result);
  }
  for (Callback& callback : lookup.callbacks) callback(result);
}

}  // namespace reprise::net
