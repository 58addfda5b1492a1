#include "e2e/support/fleet.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "e2e/support/checks.h"

namespace reprise::e2e {

Fleet::Fleet(const ScriptedUpstream& upstream, size_t servers,
             const std::vector<std::string>& server_args)
    : upstream_(upstream) {
  for (size_t i = 0; i < servers; ++i) servers_.emplace_back(server_args);
}

Proxy& Fleet::add(const Proxy::Args& extra) {
  Proxy::Args args = {"--memcached", addresses()};
  if (std::find(extra.begin(), extra.end(), "--memcached-timeout") == extra.end()) {
    args.insert(args.end(), {"--memcached-timeout", "10s"});
  }
  args.insert(args.end(), extra.begin(), extra.end());
  return proxies_.emplace_back(upstream_, args);
}

std::string Fleet::addresses() const {
  std::string all;
  for (const servers::MemcachedServer& server : servers_) {
    all += (all.empty() ? "" : ",") + server.address();
  }
  return all;
}

Response Fleet::record(Proxy& proxy, const std::string& request) {
  Response response = proxy.ask(request);
  expect_cache(response, "MISS");
  EXPECT_EQ(response.status, 200);
  wait_stored(response.get("X-Reprise-Key"));
  return response;
}

void Fleet::wait_stored(const std::string& key) {
  eventually("Memcached has " + key, [&] { return holder_of(key) < servers_.size(); });
}

void Fleet::wait_shared(const Proxy& other, const std::string& key) {
  eventually("another process finds " + key, [&] {
    return json_at(other.ask_admin(get("/entries/" + key), "GET").body, "/tier") == "memcached";
  });
}

std::set<std::string> Fleet::names() {
  std::set<std::string> all;
  // One look may miss what is being used: some in a row must find nothing new.
  for (int idle = 0; idle < 3; ++idle) {
    for (const servers::MemcachedServer& server : servers_) {
      for (const std::string& name : server.names()) {
        if (all.insert(name).second) idle = -1;
      }
    }
  }
  return all;
}

std::string Fleet::everything() {
  std::string all;
  for (const std::string& name : names()) {
    all += name + "\n";
    for (const servers::MemcachedServer& server : servers_) {
      all += server.get(name).value_or("") + "\n";
    }
  }
  return all;
}

std::string Fleet::biggest() {
  // Anything else that is small is smaller than any entry.
  constexpr size_t kEntryBytesMin = 150;
  std::string found;
  size_t size = 0;
  eventually("an entry is listed", [&] {
    for (const std::string& name : names()) {
      const size_t its = servers_.front().get(name).value_or("").size();
      if (its > size) found = name;
      size = std::max(size, its);
    }
    return size >= kEntryBytesMin;
  });
  return found;
}

bool Fleet::followed() {
  for (const std::string& name : names()) {
    if (name.ends_with(":m")) return true;
  }
  return false;
}

size_t Fleet::holder_of(const std::string& key) {
  size_t index = 0;
  for (const servers::MemcachedServer& server : servers_) {
    if (server.get(entry_name(key))) break;
    ++index;
  }
  return index;
}

long item_ttl(const servers::MemcachedServer& server, const std::string& name) {
  Connection connection = Connection::to_port(server.port());
  if (!connection.send("mg " + name + " t\r\n")) throw HarnessError("Memcached takes no bytes");
  std::string answer;
  while (answer.find("\r\n") == std::string::npos) {
    if (connection.receive(answer) != Arrival::kBytes) throw HarnessError("Memcached says nothing");
  }
  const size_t at = answer.find(" t");
  return at == std::string::npos ? -2 : std::atol(answer.c_str() + at + 2);
}

Ask cached_only(Ask ask) {
  ask.headers += "Cache-Control: only-if-cached\r\n";
  return ask;
}

bool is_cached(const Proxy& proxy, const Ask& ask) {
  const Response response = proxy.ask(chat_request(cached_only(ask)));
  if (response.status == 504) {
    EXPECT_EQ(json_at(response.body, "/error/code"), "not_cached");
  } else {
    EXPECT_EQ(response.status, 200);
  }
  return response.status == 200;
}

std::string detail_of(const Response& response) {
  const std::string status = response.cache_status();
  const size_t at = status.find("; detail=");
  if (at == std::string::npos) return "";
  return status.substr(at + 9, status.find(';', at + 9) - at - 9);
}

void expect_hit(const Response& response, const std::string& tier) {
  expect_cache(response, "HIT");
  EXPECT_EQ(response.cache_status(),
            "reprise; hit; ttl=" + std::to_string(ttl_of(response)) + "; detail=" + tier);
  EXPECT_TRUE(matches(response.get("Age"), "[0-9]+")) << response.raw_head;
  EXPECT_TRUE(response.whole);
}

std::string content_of(const Response& response) {
  return json_at(response.body, "/choices/0/message/content");
}

std::string noise(size_t size) {
  static const std::string letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint64_t state = size;
  std::string text(size, '\0');
  for (char& letter : text) {
    state = state * 6364136223846793005 + 1442695040888963407;
    letter = letters[state >> 58];
  }
  return text;
}

std::string file_with(const std::string& text) {
  static std::atomic<int> count{0};
  const std::string path =
      testing::TempDir() + "reprise-" + std::to_string(getpid()) + "-" + std::to_string(count++);
  std::ofstream(path) << text;
  return path;
}

ScriptedUpstream::Script Counting::script() {
  return each_request([this](const Request&) {
    const int status = failing.load();
    if (status != 0) return error_response(status);
    return json_response(chat_answer("answer " + std::to_string(++count_)));
  });
}

ScriptedUpstream::Script HeldStreams::script() {
  return [this](UpstreamConnection& connection) {
    for (;;) {
      connection.read_request();
      const int request = ++count_;
      connection.send(stream_head() + chunk(begun(request)));
      connection.wait(rest);
      connection.send(chunk(body(request).substr(begun(request).size())) + std::string(kLastChunk));
    }
  };
}

std::string HeldStreams::body(int request) {
  return begun(request) + chat_event("rest " + std::to_string(request)) + chat_finish() +
         std::string(kDoneEvent);
}

RawClient follow(const Proxy& proxy, const std::string& request, const std::string& x_cache,
                 const std::string& begun) {
  RawClient client = proxy.connect();
  client.send(request);
  const Head head = client.read_head();
  EXPECT_EQ(head.fields.get("X-Cache"), x_cache) << head.raw;
  if (!begun.empty()) client.read_until(begun);
  return client;
}

}  // namespace reprise::e2e
