// At the limit of descriptors: no spinning, running streams go on, recovery without help.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr size_t kDescriptorsMax = 64;

class Descriptors : public testing::Test {
 protected:
  void SetUp() override {
    if (kTypeChecksNeedDescriptors) GTEST_SKIP() << "UBSan would take live objects for dead ones";
  }

  // Connections that are never heard of: more than there are descriptors.
  std::deque<RawClient> flood() const {
    std::deque<RawClient> clients;
    for (size_t i = 0; i < 2 * kDescriptorsMax; ++i) clients.push_back(proxy_.connect());
    return clients;
  }

  // Whoever comes while there is no descriptor for him may be turned away without a word.
  bool accepts() {
    EXPECT_TRUE(proxy_.process().running());
    try {
      return proxy_.ask(get("/v1/models"), "GET").status == 200;
    } catch (const HarnessError&) {
      return false;
    }
  }

  std::deque<Latch> go_on_{8};
  ScriptedUpstream upstream_{[this](UpstreamConnection& connection) {
    for (;;) {
      if (connection.read_request().method == "GET") {
        connection.send(json_response("{}"));
        continue;
      }
      connection.send(stream_head());
      for (Latch& latch : go_on_) {
        connection.send(chunk(chat_event("tick")));
        connection.wait(latch);
      }
      connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
    }
  }};
  Proxy proxy_{upstream_.url(), Launch{{"--workers", "1"}, {}, kDescriptorsMax}};
};

TEST_F(Descriptors, RunningStreamsGoOnAndAcceptingRecovers) {
  RawClient streaming = proxy_.connect();
  streaming.send(chat_request({.stream = true}));
  streaming.read_head();
  std::string expected = chat_event("tick");
  EXPECT_EQ(streaming.read_until(expected), expected);
  {
    const auto clients = flood();
    for (size_t i = 0; i + 1 < go_on_.size(); ++i) {
      go_on_[i].release();
      expected += chat_event("tick");
      EXPECT_EQ(streaming.read_until(expected), expected);
    }
  }
  eventually("it accepts again", [&] { return accepts(); });
  go_on_.back().release();
  EXPECT_TRUE(streaming.read_rest().whole);
}

TEST_F(Descriptors, ARequestThatNeedsOneIsToldSo) {
  // Accepted before, and without an upstream connection that waits in the pool.
  RawClient client = proxy_.connect();
  client.send(chat_request({.headers = "Cache-Control: only-if-cached\r\n"}));
  EXPECT_EQ(client.read_response().status, 504);
  {
    const auto clients = flood();
    eventually("no descriptor is left",
               [&] { return proxy_.process().open_descriptors() >= kDescriptorsMax - 1; });
    for (const std::string& request : {get("/v1/models"), chat_request({.stream = true})}) {
      client.send(request);
      expect_error(client.read_response(), 503, "overloaded");
    }
  }
  eventually("it accepts again", [&] { return accepts(); });
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").status, 200);
}

TEST_F(Descriptors, NothingSpins) {
  RawClient streaming = proxy_.connect();
  streaming.send(chat_request({.stream = true}));
  streaming.read_head();
  streaming.read_until("tick");
  const auto clients = flood();
  go_on_[0].release();
  streaming.read_until(chat_event("tick") + chat_event("tick"));
  const uint64_t before = proxy_.process().cpu_ticks();
  Latch never;
  EXPECT_THROW(never.wait(std::chrono::milliseconds(1000)), HarnessError);
  // A hundred ticks make a second of one core; a loop that spins takes all it can get.
  EXPECT_LT(proxy_.process().cpu_ticks() - before, 20U);
}

}  // namespace
}  // namespace reprise::e2e
