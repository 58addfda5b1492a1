// In place of a failure an entry stands in, in whatever form it was recorded.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/forms.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

// Outage: answers with `stream` or `json`, then, once told to, not at all or with a status.
class Outage {
 public:
  static constexpr int kNone = -1;
  static constexpr int kNoAnswer = 0;

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        const Request request = connection.read_request();
        if (status == kNoAnswer) throw ScriptOver();
        if (status != kNone) {
          connection.send(error_response(status));
        } else {
          connection.send(wants_stream(request) ? stream_response(stream) : json_response(json));
        }
      }
    };
  }

  std::string stream = two_words();
  std::string json = chat_answer("one two");
  std::atomic<int> status{kNone};
};

const std::string kStaleIfError = "Cache-Control: stale-if-error=3600\r\n";
const std::string kBriefly = "X-Reprise-TTL: 1ms\r\n";

// Until what was recorded is fresh no more.
void let_expire(const Proxy& proxy, std::string (*ask)(const std::string&)) {
  eventually("it expires",
             [&] { return proxy.ask(ask("Cache-Control: only-if-cached\r\n")).status == 504; });
  eventually("nobody is being answered", [&] { return proxy.metric("reprise_in_flight") == 0; });
}

void expect_stale(const Response& response) {
  EXPECT_EQ(response.status, 200);
  expect_cache(response, "STALE");
  EXPECT_TRUE(contains(response.cache_status(), "; detail=stale-error")) << response.cache_status();
  EXPECT_TRUE(response.whole);
}

struct Case {
  int status;
  size_t words;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << "status " << one.status << ", " << one.words << " words";
}

class StaleForms : public testing::TestWithParam<Case> {
 protected:
  static std::string text() {
    std::string text;
    for (size_t i = 0; i < GetParam().words; ++i) text += " word";
    return text;
  }
  Outage outage_;
};

TEST_P(StaleForms, AStreamStandsInForJson) {
  outage_.stream = chat_stream(std::vector<std::string>(GetParam().words, " word"));
  ScriptedUpstream upstream(outage_.script());
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(ask_stream(kBriefly)).status, 200);
  let_expire(proxy, ask_stream);
  outage_.status = GetParam().status;
  for (int i = 0; i < 2; ++i) {
    const Response stale = proxy.ask(ask_json(kStaleIfError));
    expect_stale(stale);
    EXPECT_EQ(stale.get("Content-Type"), "application/json");
    EXPECT_EQ(content_of(stale), text());
  }
}

TEST_P(StaleForms, JsonStandsInForAStream) {
  outage_.json = chat_answer(text());
  ScriptedUpstream upstream(outage_.script());
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(ask_json(kBriefly)).status, 200);
  let_expire(proxy, ask_json);
  outage_.status = GetParam().status;
  const Response stale = proxy.ask(ask_usage(kStaleIfError));
  expect_stale(stale);
  EXPECT_TRUE(contains(stale.body, R"("choices":[],"usage":{"prompt_tokens":5)"));
  EXPECT_TRUE(stale.body.ends_with(kDoneEvent));
  EXPECT_FALSE(contains(proxy.ask(ask_stream(kStaleIfError)).body, "usage"));
}

// Joiners share the failure, and each is given what stands in for it in his form.
TEST_P(StaleForms, JoinersOfEveryFormAreGivenIt) {
  Latch all_wait;
  std::atomic<int> asked{0};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      connection.read_request();
      if (asked++ == 0) {
        connection.send(json_response(chat_answer(text())));
        continue;
      }
      connection.wait(all_wait);
      if (GetParam().status == Outage::kNoAnswer) throw ScriptOver();
      connection.send(error_response(GetParam().status));
    }
  });
  Proxy proxy(upstream, {"--retry-reused", "off"});
  proxy.ask(ask_json(kBriefly));
  let_expire(proxy, ask_json);
  std::deque<RawClient> clients;
  for (const std::string& request :
       {ask_stream(kStaleIfError), ask_json(kStaleIfError), ask_usage(kStaleIfError)}) {
    clients.push_back(proxy.connect());
    clients.back().send(request);
    // The stream leads.
    upstream.wait_for_requests(2);
    proxy.wait_for_metric("reprise_in_flight", static_cast<double>(clients.size()));
  }
  upstream.wait_for_requests(3);
  all_wait.release();
  for (RawClient& client : clients) expect_stale(client.read_response());
  EXPECT_EQ(upstream.requests(), 3U);  // who wants usage does not join a stream without
}

INSTANTIATE_TEST_SUITE_P(FormsStale, StaleForms,
                         testing::Values(Case{Outage::kNoAnswer, 2},
                                         Case{Outage::kNoAnswer, 20'000}, Case{503, 2},
                                         Case{503, 20'000}, Case{429, 2}));

TEST(FormsStale, AnEndpointThatIsGoneIsStoodInFor) {
  auto proxy = [] {
    Outage outage;
    ScriptedUpstream upstream(outage.script());
    auto made = std::make_unique<Proxy>(upstream);
    made->ask(ask_stream(kBriefly));
    let_expire(*made, ask_stream);
    return made;
  }();
  const Response stale = proxy->ask(ask_json(kStaleIfError));
  expect_stale(stale);
  EXPECT_EQ(content_of(stale), "one two");
  expect_error(proxy->ask(ask_json()), 502, "upstream_unreachable");
}

// What cannot be had in the form stands in for nothing: the failure is told, as what it is.
class StaleAmbiguous : public testing::TestWithParam<size_t> {};

TEST_P(StaleAmbiguous, TheFailureIsPassedOn) {
  Outage outage;
  outage.stream = std::string(GetParam(), '\n') + two_ids();
  ScriptedUpstream upstream(outage.script());
  Proxy proxy(upstream);
  proxy.ask(ask_stream(kBriefly));
  let_expire(proxy, ask_stream);
  outage.status = 503;
  const Response passed = proxy.ask(ask_json(kStaleIfError));
  EXPECT_EQ(passed.status, 503);
  expect_cache(passed, "MISS");
  // By now it is known.
  const size_t asked = upstream.requests();
  EXPECT_EQ(proxy.ask(ask_json(kStaleIfError)).status, 503);
  EXPECT_EQ(upstream.requests(), asked + 1);
}

TEST_P(StaleAmbiguous, SoIsThatThereWasNoAnswer) {
  Outage outage;
  outage.stream = std::string(GetParam(), '\n') + two_ids();
  ScriptedUpstream upstream(outage.script());
  Proxy proxy(upstream, {"--retry-reused", "off"});
  proxy.ask(ask_stream(kBriefly));
  let_expire(proxy, ask_stream);
  outage.status = Outage::kNoAnswer;
  for (int i = 0; i < 2; ++i) {
    const Response failed = proxy.ask(ask_json(kStaleIfError));
    expect_error(failed, 502, "upstream_protocol");
    expect_cache(failed, "MISS");
    EXPECT_EQ(failed.cache_status(), "reprise; fwd=uri-miss; detail=form_tool");
    EXPECT_FALSE(failed.has("Age"));
  }
  EXPECT_EQ(upstream.requests(), 3U);
}

INSTANTIATE_TEST_SUITE_P(FormsStale, StaleAmbiguous, testing::Values(0, 1'000'000));

}  // namespace
}  // namespace reprise::e2e
