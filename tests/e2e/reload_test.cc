// SIGHUP: the configuration is read again, all of it or nothing.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

class Reload : public testing::Test {
 protected:
  // Until the log has told so of all reloads so far, and of this one.
  void reload(const std::string& text, const std::string& expected = "the configuration was read") {
    write(text);
    const size_t before = count(proxy_.process().log(), expected);
    proxy_.process().signal(SIGHUP);
    eventually("the log says: " + expected,
               [&] { return count(proxy_.process().log(), expected) > before; });
    // Workers are told one after the other: a request on each, and on the ones behind it, is not
    // answered before.
    proxy_.ask(get("/v1/models"), "GET");
  }
  void write(const std::string& text) { directory_.write("r.toml", text); }
  static size_t count(const std::string& text, const std::string& part) {
    size_t times = 0;
    for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++times;
    return times;
  }
  Response ask(const std::string& prompt) { return proxy_.ask(chat_request({.prompt = prompt})); }

  TempDir directory_;
  ScriptedUpstream first_{always(json_response(chat_answer("first")))};
  Proxy proxy_{
      first_.url(),
      Launch{{"--workers", "1", "--config", directory_.write("r.toml", "ttl = \"1h\"\n")}, {}, 0}};
};

TEST_F(Reload, TtlAndStaleChange) {
  expect_cache(ask("one"), "MISS");
  EXPECT_LE(ttl_of(ask("one")), 3600);
  reload("ttl = \"10h\"\n");
  expect_cache(ask("two"), "MISS");
  EXPECT_GT(ttl_of(ask("two")), 3600);
  // An entry keeps the ttl that it was recorded with.
  EXPECT_LE(ttl_of(ask("one")), 3600);
  reload("ttl = \"1ms\"\nstale = \"1h\"\n");
  ask("three");
  eventually("it is served stale", [&] { return ask("three").x_cache() == "STALE"; });
}

TEST_F(Reload, IgnoredFieldsChange) {
  const auto tagged = [&](const char* tag) {
    return proxy_.ask(chat_request({.members = std::string(R"(,"tag":")") + tag + "\""}));
  };
  tagged("a");
  expect_cache(tagged("b"), "MISS");
  reload("ignore = [\"tag\"]\n");
  tagged("c");
  expect_cache(tagged("d"), "HIT");
}

TEST_F(Reload, PricesChange) {
  const auto priced = [&](const char* price) {
    const std::string file =
        directory_.write("prices.toml", std::string("[\"gpt-test-*\"]\ninput = ") + price + "\n");
    return "prices = \"" + file + "\"\n";
  };
  ask("one");
  reload(priced("2"));
  expect_cache(ask("one"), "HIT");
  proxy_.wait_for_metric("reprise_saved_tokens_total", 12);
  EXPECT_DOUBLE_EQ(proxy_.metric("reprise_saved_usd_total"), 5 * 2e-6);
  reload(priced("-1"), "is refused; nothing has changed");
  reload(priced("4"));
  expect_cache(ask("one"), "HIT");
  proxy_.wait_for_metric("reprise_saved_tokens_total", 24);
  EXPECT_DOUBLE_EQ(proxy_.metric("reprise_saved_usd_total"), 5 * 2e-6 + 5 * 4e-6)
      << "what was saved before is counted at the prices of before";
}

TEST_F(Reload, ABadFileChangesNothing) {
  for (const char* bad : {"ttl = \"soon\"\n", "no-such-option = 1\n", "ttl = \n",
                          "ttl = \"10h\"\ntls-cert = \"/no/such.pem\"\n"}) {
    reload(bad, "is refused; nothing has changed");
  }
  ask("one");
  EXPECT_LE(ttl_of(ask("one")), 3600);
  EXPECT_EQ(json_at(ask("one").body, "/choices/0/message/content"), "first");
  reload("ttl = \"10h\"\n");
  ask("two");
  EXPECT_GT(ttl_of(ask("two")), 3600);
}

TEST_F(Reload, WhatNeedsARestartIsNamed) {
  reload("ttl = \"10h\"\nmemory = \"1MiB\"\nnamespace = \"other\"\n", "a change needs a restart");
  const std::string log = proxy_.process().log();
  EXPECT_TRUE(contains(log, "--namespace, --memory")) << log;
  EXPECT_FALSE(contains(log, "--ttl,")) << log;
  ask("one");
  EXPECT_GT(ttl_of(ask("one")), 3600);
}

TEST_F(Reload, TheLogLevelChanges) {
  write("log-level = \"error\"\n");
  proxy_.process().signal(SIGHUP);
  // Said at a level that is then switched off: what shows is that the next one is silent.
  eventually("the level is in force", [&] {
    const size_t before = count(proxy_.process().log(), "was read again");
    proxy_.process().signal(SIGHUP);
    proxy_.ask_admin(get("/healthz"), "GET");
    return count(proxy_.process().log(), "was read again") == before;
  });
}

uint16_t port_of(const Process& process) {
  const std::string log = process.wait_log(" workers=");
  return static_cast<uint16_t>(std::stoi(log.substr(log.find("address=127.0.0.1:") + 18)));
}

TEST(ReloadUpstream, RequestsGoToTheNewOneAndThoseUnderWayAreFinished) {
  Latch rest;
  ScriptedUpstream old([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("old")));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
    connection.wait_closed();
  });
  ScriptedUpstream fresh(always(json_response(chat_answer("new"))));
  TempDir directory;
  const auto to = [](const ScriptedUpstream& upstream) {
    return "upstream = \"" + upstream.url() + "\"\n";
  };
  const std::string file = directory.write("r.toml", to(old));
  Process process(
      REPRISE_BINARY,
      {{"--config", file, "--listen", "127.0.0.1:0", "--admin", "off", "--workers", "1"}, {}, 0});
  const uint16_t port = port_of(process);
  RawClient streaming(Connection::to_port(port));
  streaming.send(chat_request({.stream = true}));
  streaming.read_head();
  streaming.read_until(chat_event("old"));
  directory.write("r.toml", to(fresh));
  process.signal(SIGHUP);
  process.wait_log("the configuration was read again");
  eventually("requests go to the new one", [&] {
    RawClient client(Connection::to_port(port));
    client.send(chat_request({.prompt = unique_prompt()}));
    if (old.requests() > 1) return false;
    return client.read_response().body == chat_answer("new");
  });
  rest.release();
  const Response response = streaming.read_rest();
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, chat_stream({"old"}));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait_exit(), 0);
}

// Also when none of the new ones speaks TLS any more.
TEST(ReloadUpstream, AQuestionThatWasBeingPutGoesToTheOldOne) {
  const TestCa ca;
  const TlsContext tls = ca.server({});
  ScriptedUpstream old(
      [](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(json_response(chat_answer("old"), "Connection: close\r\n"));
      },
      tls.get());
  ScriptedUpstream fresh(always(json_response(chat_answer("new"))));
  TempDir directory;
  const std::string file = directory.write(
      "r.toml", "upstream = \"" + old.url() + "\"\nupstream-ca = \"" + ca.file() + "\"\n");
  Process process(
      REPRISE_BINARY,
      {{"--config", file, "--listen", "127.0.0.1:0", "--admin", "off", "--workers", "1"}, {}, 0});
  const uint16_t port = port_of(process);
  RawClient asking(Connection::to_port(port));
  const std::string question = chat_request({.headers = "Expect: 100-continue\r\n"});
  asking.send(question.substr(0, question.size() - 1));
  EXPECT_EQ(asking.read_head().second, "100");
  directory.write("r.toml", "upstream = \"" + fresh.url() + "\"\n");
  process.signal(SIGHUP);
  eventually("requests go to the new one", [&] {
    RawClient client(Connection::to_port(port));
    client.send(chat_request({.prompt = unique_prompt()}));
    return client.read_response().body == chat_answer("new");
  });
  asking.send(question.substr(question.size() - 1));
  EXPECT_EQ(asking.read_response().body, chat_answer("old"));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait_exit(), 0);
}

TEST(ReloadTls, ConnectionsThatComeGetTheNewCertificate) {
  const TestCa old;
  const TestCa fresh;
  TempDir directory;
  const auto install = [&](const TestCa& authority) {
    const CertificateFiles files = authority.issue({});
    const auto over = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(files.certificate, directory.path("cert.pem"), over);
    std::filesystem::copy_file(files.key, directory.path("key.pem"), over);
  };
  install(old);
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream,
              {"--tls-cert", directory.path("cert.pem"), "--tls-key", directory.path("key.pem")});
  const auto trusts = [&](const TestCa& authority) {
    const TlsContext trust = authority.client();
    RawClient client = proxy.connect();
    if (!client.connection().connect_tls(trust.get(), "localhost")) return false;
    client.send(chat_request());
    return client.read_response().body == chat_answer("x");
  };
  EXPECT_TRUE(trusts(old));
  install(fresh);
  EXPECT_FALSE(trusts(fresh));
  proxy.process().signal(SIGHUP);
  eventually("the new certificate is shown", [&] { return trusts(fresh); });
  EXPECT_EQ(proxy.stop(), 0);
}

}  // namespace
}  // namespace reprise::e2e
