// A server that speaks Memcached's protocol badly, or not for long, costs nobody an answer.
#include <gtest/gtest.h>

#include <string>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

// What it does with one command: `get` for all that read, `set` for all that write, which ask for
// no answer.
struct Oddity {
  std::string name;
  std::string on_get = "END\r\n";
  std::string on_set = "STORED\r\n";
  bool leaves = false;  // after its first odd answer
};

void PrintTo(const Oddity& oddity, std::ostream* out) { *out << oddity.name; }

// Reads commands line by line; a written value's lines are passed over.
class Strange {
 public:
  explicit Strange(const Oddity& oddity) : oddity_(oddity) {}

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      std::string heard;
      for (;;) {
        const std::string line = next_line(connection, &heard);
        const std::string verb = line.substr(0, line.find(' '));
        if (verb == "version") {
          connection.send("VERSION 1.6.18\r\n");
        } else if (verb == "stats") {
          connection.send("STAT item_size_max 1048576\r\nEND\r\n");
        } else if (verb == "get" || verb == "gets") {
          answer(connection, oddity_.on_get, "END\r\n");
        } else if (verb == "quit") {
          return;
        } else {
          if (verb != "delete") next_value(connection, line, &heard);
          writes.release();
          answer(connection, oddity_.on_set, "STORED\r\n");
        }
      }
    };
  }
  Latch writes;

 private:
  static std::string next_line(UpstreamConnection& connection, std::string* heard) {
    size_t end = 0;
    while ((end = heard->find("\r\n")) == std::string::npos) hear(connection, heard);
    const std::string line = heard->substr(0, end);
    heard->erase(0, end + 2);
    return line;
  }
  // "add NAME FLAGS EXPIRY BYTES [CAS]": the value follows.
  static void next_value(UpstreamConnection& connection, const std::string& line,
                         std::string* heard) {
    size_t at = 0;
    for (int field = 0; field < 4; ++field) at = line.find(' ', at) + 1;
    const size_t bytes = std::stoul(line.substr(at)) + 2;
    while (heard->size() < bytes) hear(connection, heard);
    heard->erase(0, bytes);
  }
  static void hear(UpstreamConnection& connection, std::string* heard) {
    const std::string more = connection.read_raw();
    if (more.empty()) throw ScriptOver();
    *heard += more;
  }
  void answer(UpstreamConnection& connection, const std::string& text, const std::string& usual) {
    connection.send(text);
    if (oddity_.leaves && text != usual) throw ScriptOver();
  }

  const Oddity oddity_;
};

class StrangeServer : public testing::TestWithParam<Oddity> {};

TEST_P(StrangeServer, HarmsNobody) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Strange strange(GetParam());
  ScriptedUpstream server(strange.script());
  Proxy proxy(upstream, {"--memcached", "127.0.0.1:" + std::to_string(server.port()),
                         "--memcached-timeout", "200ms"});
  for (int i = 0; i < 10; ++i) {
    const std::string request = chat_request({.prompt = std::to_string(i)});
    const Response miss = proxy.ask(request);
    expect_cache(miss, "MISS");
    EXPECT_EQ(miss.body, chat_answer("x"));
    expect_hit(proxy.ask(request), "memory");
  }
  EXPECT_EQ(proxy.ask_admin(post("/purge", R"({"all":true})")).status, 200);
  EXPECT_EQ(proxy.ask_admin(get("/readyz"), "GET").status, 200);
  EXPECT_GT(server.connections(), 0U);
  // It was written to if it looked like one.
  if (GetParam().on_get == "END\r\n") strange.writes.wait();
  EXPECT_EQ(proxy.stop(), 0);
}

const std::string kMuch(3 << 20, 'v');

INSTANTIATE_TEST_SUITE_P(
    Memcached, StrangeServer,
    testing::Values(
        Oddity{"forgets_all"}, Oddity{.name = "set_error", .on_set = "ERROR\r\n"},
        Oddity{.name = "set_full", .on_set = "SERVER_ERROR out of memory storing object\r\n"},
        Oddity{.name = "set_busy", .on_set = "SERVER_ERROR busy\r\n"},
        Oddity{.name = "set_client_error", .on_set = "CLIENT_ERROR bad data chunk\r\n"},
        Oddity{.name = "set_not_stored", .on_set = "NOT_STORED\r\n"},
        Oddity{.name = "set_exists", .on_set = "EXISTS\r\n"},
        Oddity{.name = "set_not_found", .on_set = "NOT_FOUND\r\n"},
        Oddity{.name = "set_number", .on_set = "17\r\n"},
        Oddity{.name = "set_ok", .on_set = "OK\r\n"},
        Oddity{.name = "set_value", .on_set = "VALUE r1:x 0 3\r\nabc\r\nEND\r\n"},
        Oddity{.name = "set_end", .on_set = "END\r\n"},
        Oddity{.name = "set_http", .on_set = "HTTP/1.1 400 Bad Request\r\n\r\n"},
        Oddity{.name = "set_empty_line", .on_set = "\r\n"},
        Oddity{.name = "set_twice", .on_set = "STORED\r\nSTORED\r\n"},
        Oddity{.name = "set_deleted", .on_set = "DELETED\r\n"},
        Oddity{.name = "set_binary", .on_set = std::string("\x81\0\0\0\0\0\0\0", 8) + "\r\n"},
        Oddity{.name = "set_stat", .on_set = "STAT a b\r\nEND\r\n"},
        Oddity{.name = "set_leaves", .on_set = "STOR", .leaves = true},
        Oddity{.name = "set_endless_line", .on_set = kMuch}));

INSTANTIATE_TEST_SUITE_P(
    MemcachedGet, StrangeServer,
    testing::Values(
        Oddity{.name = "get_error", .on_get = "ERROR\r\n"},
        Oddity{.name = "get_server_error", .on_get = "SERVER_ERROR oops\r\n"},
        Oddity{.name = "get_unasked", .on_get = "VALUE r1:other 0 3 1\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_no_length", .on_get = "VALUE r1:other 0\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_huge_length",
               .on_get = "VALUE r1:other 0 99999999999999999999 1\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_negative_length", .on_get = "VALUE r1:other 0 -1 1\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_gigabytes", .on_get = "VALUE r1:other 0 2000000000 1\r\nabc"},
        Oddity{.name = "get_long_name",
               .on_get = "VALUE " + std::string(5000, 'n') + " 0 3 1\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_wrong_length", .on_get = "VALUE r1:other 0 1 1\r\nabc\r\nEND\r\n"},
        Oddity{.name = "get_stored", .on_get = "STORED\r\n"},
        Oddity{.name = "get_twice", .on_get = "END\r\nEND\r\n"},
        Oddity{.name = "get_half", .on_get = "VALUE r1:other 0 100 1\r\nabc", .leaves = true},
        Oddity{.name = "get_leaves", .on_get = "EN", .leaves = true},
        Oddity{.name = "get_nothing_and_leaves", .on_get = "", .leaves = true},
        Oddity{.name = "get_endless_line", .on_get = kMuch},
        Oddity{.name = "get_many_values", .on_get = [] {
                 std::string all;
                 for (int i = 0; i < 20'000; ++i) all += "VALUE r1:other 0 3 1\r\nabc\r\n";
                 return all + "END\r\n";
               }()}));

}  // namespace
}  // namespace reprise::e2e
