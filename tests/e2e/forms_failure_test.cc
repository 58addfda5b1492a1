// A shared request fails, or its answer does not do for all who wait for it in other forms: they
// have been sent nothing, so each still gets what is his.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/forms.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr size_t kWaiting = 5;

RawClient ask(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  return client;
}

// So many who ask for JSON, all of whom wait when this returns.
std::deque<RawClient> wait_for_json(const Proxy& proxy, const std::string& headers = "") {
  const double before = proxy.metric("reprise_in_flight");
  std::deque<RawClient> clients;
  for (size_t i = 0; i < kWaiting; ++i) clients.push_back(ask(proxy, ask_json(headers)));
  proxy.wait_for_metric("reprise_in_flight", before + kWaiting);
  return clients;
}

RawClient lead(const Proxy& proxy, const std::string& request) {
  RawClient client = ask(proxy, request);
  EXPECT_EQ(client.read_head().fields.get("X-Cache"), "MISS");
  client.read_until("one");
  return client;
}

// OneStream: the first request is answered by a head and one event, and by whatever `rest` does
// once those who wait are there; all others by JSON of their own.
class OneStream {
 public:
  using Rest = std::function<void(UpstreamConnection&)>;

  explicit OneStream(Rest rest) : rest_(std::move(rest)) {}

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        connection.read_request();
        if (asked_++ > 0) {
          connection.send(json_response(chat_answer("own")));
          continue;
        }
        connection.send(stream_head() + chunk(chat_event("one")));
        connection.wait(all_wait);
        rest_(connection);
      }
    };
  }

  Latch all_wait;

 private:
  Rest rest_;
  std::atomic<int> asked_{0};
};

void expect_own(std::deque<RawClient>& clients) {
  for (RawClient& client : clients) {
    const Response response = client.read_response();
    expect_cache(response, "MISS");
    EXPECT_EQ(response.cache_status(), "reprise; fwd=uri-miss; stored");
    EXPECT_EQ(response.body, chat_answer("own"));
    EXPECT_TRUE(response.whole);
  }
}

class EarlyFailure : public testing::TestWithParam<int> {};

// 0: no answer at all.
void fail(UpstreamConnection& connection, int status) {
  if (status == 0) throw ScriptOver();
  connection.send(error_response(status, "Retry-After: 7\r\n"));
}

TEST_P(EarlyFailure, WithinScopeKeyGoesToJoinersOfEveryForm) {
  Latch all_wait;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(all_wait);
    fail(connection, GetParam());
  });
  Proxy proxy(upstream);
  std::deque<RawClient> clients;
  for (const std::string& request : {ask_usage(), ask_stream(), ask_bare(), ask_json()}) {
    clients.push_back(ask(proxy, request));
    // Who wants usage leads.
    upstream.wait_for_requests(1);
    proxy.wait_for_metric("reprise_in_flight", static_cast<double>(clients.size()));
  }
  all_wait.release();
  for (RawClient& client : clients) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, GetParam() == 0 ? 502 : GetParam());
    EXPECT_EQ(response.get("Retry-After"), GetParam() == 0 ? "" : "7");
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_P(EarlyFailure, InScopeGlobalIsTheLeadersAlone) {
  Latch all_wait;
  std::atomic<int> asked{0};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      if (asked++ == 0) {
        connection.wait(all_wait);
        fail(connection, GetParam());
      } else if (wants_stream(request)) {
        connection.send(stream_response(two_words(wants_usage(request))));
      } else {
        connection.send(json_response(chat_answer("own")));
      }
    }
  });
  Proxy proxy(upstream, {"--scope", "global"});
  RawClient leader = ask(proxy, ask_usage());
  upstream.wait_for_requests(1);
  RawClient stream = ask(proxy, ask_stream());
  auto json = wait_for_json(proxy);
  all_wait.release();
  EXPECT_EQ(leader.read_response().status, GetParam() == 0 ? 502 : GetParam());
  const Response own = stream.read_response();
  expect_cache(own, "MISS");
  EXPECT_EQ(own.body, two_words());
  expect_own(json);
  EXPECT_EQ(upstream.requests(), 2 + kWaiting);
}

INSTANTIATE_TEST_SUITE_P(FormsFailure, EarlyFailure, testing::Values(0, 401, 429, 500));

// Torn: how a stream may end that had begun well.
struct Torn {
  const char* name;
  OneStream::Rest rest;
  bool whole = false;  // as far as framing goes
};

void PrintTo(const Torn& torn, std::ostream* out) { *out << torn.name; }

class LateFailure : public testing::TestWithParam<Torn> {};

TEST_P(LateFailure, WhoeverWasSentNothingAsksOnceForHimself) {
  OneStream stream(GetParam().rest);
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_usage());
  RawClient rebuilt = ask(proxy, ask_stream());
  EXPECT_EQ(rebuilt.read_head().fields.get("X-Cache"), "COALESCED");
  rebuilt.read_until(chat_event("one"));
  auto json = wait_for_json(proxy);
  stream.all_wait.release();
  EXPECT_EQ(leader.read_rest().whole, GetParam().whole);
  EXPECT_EQ(rebuilt.read_rest().whole, GetParam().whole);
  expect_own(json);
  EXPECT_EQ(upstream.requests(), 1 + kWaiting);
}

INSTANTIATE_TEST_SUITE_P(
    FormsFailure, LateFailure,
    testing::Values(Torn{"closed", [](UpstreamConnection&) { throw ScriptOver(); }},
                    Torn{"reset",
                         [](UpstreamConnection& connection) {
                           connection.connection().reset();
                           throw ScriptOver();
                         }},
                    Torn{"cut inside an event",
                         [](UpstreamConnection& connection) {
                           connection.send(chunk(chat_finish().substr(0, 30)));
                           throw ScriptOver();
                         }},
                    Torn{"no [DONE], and cut",
                         [](UpstreamConnection& connection) {
                           connection.send(chunk(chat_finish()));
                           throw ScriptOver();
                         }},
                    Torn{"no finish",
                         [](UpstreamConnection& connection) { connection.send(kLastChunk); }, true},
                    Torn{"an error event, then [DONE]",
                         [](UpstreamConnection& connection) {
                           connection.send(chunk("data: {\"error\":{\"message\":\"no\"}}\n\n" +
                                                 std::string(kDoneEvent)) +
                                           std::string(kLastChunk));
                         },
                         true}));

// Once the answer cannot be stored any more there is nothing to wait for.
class Hopeless : public testing::TestWithParam<std::string> {};

TEST_P(Hopeless, NobodyWaitsForItsEnd) {
  Latch end;
  OneStream stream([&](UpstreamConnection& connection) {
    connection.send(chunk(GetParam()));
    connection.wait(end);
    connection.send(chunk(kDoneEvent) + std::string(kLastChunk));
  });
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream, {"--max-object", "64KiB"});
  RawClient leader = lead(proxy, ask_usage());
  auto json = wait_for_json(proxy);
  stream.all_wait.release();
  expect_own(json);
  EXPECT_EQ(upstream.requests(), 1 + kWaiting);
  end.release();
  EXPECT_EQ(leader.read_rest().body, chat_event("one") + GetParam() + std::string(kDoneEvent));
}

INSTANTIATE_TEST_SUITE_P(FormsFailure, Hopeless,
                         testing::Values(chat_finish("content_filter"), chat_finish("error"),
                                         std::string("data: {\"error\":{}}\n\n"),
                                         std::string("data: no JSON\n\n"),
                                         chat_event(std::string(100'000, 'l'))));

TEST(FormsFailure, AnAnswerThatIsOfNoUseFromItsHeadOnIsNotWaitedForEither) {
  Latch all_wait;
  Latch end;
  std::atomic<int> asked{0};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      connection.read_request();
      if (asked++ > 0) {
        connection.send(json_response(chat_answer("own")));
        continue;
      }
      connection.wait(all_wait);
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\non");
      connection.wait(end);
      connection.send("e!");
    }
  });
  Proxy proxy(upstream);
  RawClient leader = ask(proxy, ask_usage());
  upstream.wait_for_requests(1);
  RawClient stream = ask(proxy, ask_stream());
  proxy.wait_for_metric("reprise_in_flight", 2);
  all_wait.release();
  const Response own = stream.read_response();
  expect_cache(own, "MISS");
  EXPECT_EQ(own.body, chat_answer("own"));
  EXPECT_EQ(upstream.requests(), 2U);
  end.release();
  EXPECT_EQ(leader.read_response().body, "one!");
}

// Cut behind [DONE] an answer is whole: it is stored, and those who wait get it.
TEST(FormsFailure, AnAnswerThatIsCutBehindDoneIsWhole) {
  OneStream stream([](UpstreamConnection& connection) {
    connection.send(chunk(two_words_rest()));
    throw ScriptOver();
  });
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_stream());
  auto json = wait_for_json(proxy);
  stream.all_wait.release();
  EXPECT_EQ(leader.read_rest().body, two_words());
  for (RawClient& client : json) {
    const Response response = client.read_response();
    expect_cache(response, "COALESCED");
    EXPECT_EQ(response.body, assembled("one two"));
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

// What cannot be assembled is asked for once more, for all who want that.
class Ambiguous : public testing::TestWithParam<size_t> {};

TEST_P(Ambiguous, MakesOneMoreRequestForAllWhoWait) {
  const std::string stream = std::string(GetParam(), '\n') + two_ids();
  Latch all_wait;
  Latch answer;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      if (wants_stream(connection.read_request())) {
        connection.send(stream_head() + chunk(": one\n\n"));
        connection.wait(all_wait);
        connection.send(chunk(stream) + std::string(kLastChunk));
      } else {
        connection.wait(answer);
        connection.send(json_response(chat_answer("plain")));
      }
    }
  });
  Proxy proxy(upstream, {"--workers", "4"});
  RawClient leader = lead(proxy, ask_stream());
  auto json = wait_for_json(proxy);
  all_wait.release();
  EXPECT_TRUE(leader.read_rest().whole);
  upstream.wait_for_requests(2);
  answer.release();
  int misses = 0;
  for (RawClient& client : json) {
    const Response response = client.read_response();
    EXPECT_EQ(response.body, chat_answer("plain"));
    if (response.x_cache() != "MISS") continue;
    ++misses;
    EXPECT_EQ(response.cache_status(), "reprise; fwd=uri-miss; stored; detail=form_tool");
  }
  EXPECT_EQ(misses, 1);
  EXPECT_EQ(upstream.requests(), 2U);
}

// On the loop, and by a thread beside it.
INSTANTIATE_TEST_SUITE_P(FormsFailure, Ambiguous, testing::Values(0, 1'000'000));

// They ask together for want of a form, and one's refusal is still not another's.
TEST(FormsFailure, InScopeGlobalWhoAsksForAFormForOthersFailsAlone) {
  Latch all_wait;
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      if (wants_stream(request)) {
        connection.send(stream_head() + chunk(": one\n\n"));
        connection.wait(all_wait);
        connection.send(chunk(two_ids()) + std::string(kLastChunk));
      } else if (contains(request.get("Authorization"), "sk-bad")) {
        connection.wait(joined);
        connection.send(error_response(401));
      } else {
        connection.send(json_response(chat_answer("own")));
      }
    }
  });
  Proxy proxy(upstream, {"--scope", "global", "--workers", "1"});
  RawClient leader = lead(proxy, ask_stream());
  RawClient bad = ask(proxy, chat_request({.key = "sk-bad"}));
  proxy.wait_for_metric("reprise_in_flight", 2);
  auto good = wait_for_json(proxy);
  all_wait.release();
  EXPECT_TRUE(leader.read_rest().whole);
  upstream.wait_for_requests(2);
  joined.release();
  EXPECT_EQ(bad.read_response().status, 401);
  for (RawClient& client : good) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, chat_answer("own"));
  }
}

}  // namespace
}  // namespace reprise::e2e
