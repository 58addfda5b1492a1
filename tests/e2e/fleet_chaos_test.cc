// Many askers of many processes while Memcached servers die, stop and come back: whatever happens,
// nobody is given a wrong answer, and in the end all share again.
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

constexpr size_t kAskers = 6;
constexpr size_t kQuestionsEach = 80;
constexpr size_t kPrompts = 60;
constexpr size_t kEvents = 12;

// Every event names the question and the request that it belongs to, so that no mix looks right.
std::string event_of(const std::string& mark, size_t number) {
  return chat_event(mark + ":" + std::to_string(number) + " " + noise(2000));
}

std::string answer_of(const std::string& mark) {
  std::string all;
  for (size_t i = 0; i < kEvents; ++i) all += event_of(mark, i);
  return all + chat_finish() + std::string(kDoneEvent);
}

std::string prompt_of(size_t number) { return "prompt " + std::to_string(number); }

ScriptedUpstream::Script marked_answers(std::atomic<int>& count) {
  return [&count](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      const std::string mark = json_at(request.body, "/messages/0/content") + " request " +
                               std::to_string(++count) + ";";
      connection.send(stream_head());
      for (size_t i = 0; i < kEvents; ++i) connection.send(chunk(event_of(mark, i)));
      connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
    }
  };
}

// True if it is an answer to this prompt as one request got it, or the beginning of one.
bool is_right(const Response& response, const std::string& prompt) {
  if (response.body.empty()) return !response.whole;
  const size_t at = response.body.find(prompt + " request ");
  if (at == std::string::npos) return !response.whole;
  const std::string mark = response.body.substr(at, response.body.find(';', at) + 1 - at);
  const std::string all = answer_of(mark);
  return response.whole ? response.body == all : all.starts_with(response.body);
}

// Tally: what the askers have seen. Owner: the test. Thread: any.
class Tally {
 public:
  void add(const Response& response, const std::string& prompt) {
    const std::lock_guard lock(mu_);
    ++asked_;
    whole_ += response.whole ? 1 : 0;
    if (response.status != 200 || !is_right(response, prompt)) wrong_ += response.raw_head;
    changed_.notify_all();
  }
  void add_failure(const std::string& what) {
    const std::lock_guard lock(mu_);
    ++asked_;
    wrong_ += what + "\n";
    changed_.notify_all();
  }
  void wait_for(size_t asked) {
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, 2 * kPatience, [&] { return asked_ >= asked; })) {
      throw HarnessError("the askers hang");
    }
  }
  size_t whole() const { return whole_; }
  const std::string& wrong() const { return wrong_; }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  size_t asked_ = 0;   // guarded by mu_, until the askers have ended
  size_t whole_ = 0;   // likewise
  std::string wrong_;  // likewise
};

void disturb(Fleet& fleet, size_t step) {
  servers::MemcachedServer& server = fleet.server(step / 4 % 2);
  switch (step % 4) {
    case 0:
      return server.stop_answering();
    case 1:
      return server.go_on();
    case 2:
      return server.kill();
    default:
      return server.restart();
  }
}

TEST(FleetChaos, NobodyIsGivenAWrongAnswer) {
  std::atomic<int> count{0};
  ScriptedUpstream upstream(marked_answers(count));
  Fleet fleet(upstream, 2);
  const Proxy::Args options = {"--memcached-timeout", "200ms", "--memory", "1MiB"};
  std::vector<Proxy*> proxies;
  for (int i = 0; i < 3; ++i) proxies.push_back(&fleet.add(options));
  Tally tally;
  std::vector<std::thread> askers;
  for (size_t asker = 0; asker < kAskers; ++asker) {
    askers.emplace_back([&, asker] {
      for (size_t i = 0; i < kQuestionsEach; ++i) {
        // Neighbours ask the same at about the same time.
        const std::string prompt = prompt_of((i * 7 + asker / 2) % kPrompts);
        const Ask ask{.prompt = prompt, .stream = true};
        try {
          tally.add(proxies[asker % proxies.size()]->ask(chat_request(ask)), prompt);
        } catch (const HarnessError& error) {
          tally.add_failure(error.what());
        }
      }
    });
  }
  constexpr size_t kSteps = 16;
  for (size_t step = 0; step < kSteps; ++step) {
    tally.wait_for((step + 1) * kAskers * kQuestionsEach / (kSteps + 2));
    disturb(fleet, step);
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(tally.wrong(), "");
  EXPECT_GT(tally.whole(), kAskers * kQuestionsEach * 8 / 10);
  eventually("they share again", [&] {
    const Ask ask{.prompt = unique_prompt(), .stream = true};
    const std::string recorded = proxies[0]->ask(chat_request(ask)).body;
    const Response shared = proxies[1]->ask(chat_request(ask));
    return shared.x_cache() != "MISS" && shared.body == recorded;
  });
}

TEST(FleetChaos, ProcessesThatDieHarmNobodyElse) {
  std::atomic<int> count{0};
  ScriptedUpstream upstream(marked_answers(count));
  Fleet fleet(upstream, 2);
  std::vector<Proxy*> stable = {&fleet.add(), &fleet.add()};
  Proxy* victim = &fleet.add();
  std::atomic<uint16_t> victim_port{victim->port()};
  std::atomic<bool> over{false};
  Tally tally;
  Tally ignored;
  std::vector<std::thread> askers;
  const auto ask_all = [&](size_t asker, const std::function<Response(const std::string&)>& ask,
                           Tally& into) {
    for (size_t i = 0; i < kQuestionsEach && !over; ++i) {
      const std::string prompt = prompt_of((i * 7 + asker / 2) % kPrompts);
      try {
        into.add(ask(chat_request({.prompt = prompt, .stream = true})), prompt);
      } catch (const HarnessError& error) {
        into.add_failure(error.what());
      }
    }
  };
  for (size_t asker = 0; asker < kAskers; ++asker) {
    askers.emplace_back([&, asker] {
      if (asker < 4) {
        const Proxy& proxy = *stable[asker % 2];
        ask_all(
            asker, [&](const std::string& request) { return proxy.ask(request); }, tally);
        return;
      }
      const auto ask_victim = [&](const std::string& request) {
        RawClient client(Connection::to_port(victim_port));
        client.send(request);
        return client.read_response();
      };
      while (!over) ask_all(asker, ask_victim, ignored);
    });
  }
  constexpr size_t kDeaths = 3;
  for (size_t death = 1; death <= kDeaths; ++death) {
    tally.wait_for(death * 4 * kQuestionsEach / (kDeaths + 1));
    victim->process().signal(SIGKILL);
    EXPECT_EQ(victim->process().wait_exit(), -SIGKILL);
    victim = &fleet.add();
    victim_port = victim->port();
  }
  for (size_t asker = 0; asker < 4; ++asker) askers[asker].join();
  over = true;
  for (size_t asker = 4; asker < kAskers; ++asker) askers[asker].join();
  EXPECT_EQ(tally.wrong(), "");
  EXPECT_GT(tally.whole(), 4 * kQuestionsEach * 8 / 10);
}

}  // namespace
}  // namespace reprise::e2e
