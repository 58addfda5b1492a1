#include "cache/renderer.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <latch>
#include <random>
#include <thread>

#include "cache/entries.h"
#include "fakes/thread_executor.h"

namespace reprise::cache {
namespace {

using openai::Form;
using openai::Unconvertible;
using End = SharedJob::End;

constexpr size_t kObjectMax = size_t{8} << 20;
constexpr Form kJson{};
constexpr Form kStream{.stream = true};
constexpr Form kUsage{.stream = true, .include_usage = true};
constexpr int64_t kPatienceMs = 60'000;

std::string chunk(const std::string& content) {
  return R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":")" + content +
         R"("}}]})" + "\n\n";
}

std::string stream_body(size_t chunks) {
  std::string body;
  for (size_t i = 0; i < chunks; ++i) body += chunk("word ");
  return body + R"(data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                "\n\ndata: [DONE]\n\n";
}

// A stream without usage, asked for at that time.
std::shared_ptr<const Entry> streamed(std::string_view name, base::Bytes body,
                                      int64_t asked_at_us = 1) {
  SampleEntry sample(name, asked_at_us);
  sample.entry.form = sample.entry.asked_form = kStream;
  http::ResponseHead head;
  head.status = 200;
  head.fields.add("Content-Type", "text/event-stream");
  auto entry = std::make_shared<Entry>(sample.entry);
  std::vector<recording::Mark> marks{{body.size(), 1}};
  entry->answer =
      std::make_shared<const recording::Record>(std::move(head), std::move(body), std::move(marks));
  return entry;
}

std::shared_ptr<const Entry> small(std::string_view name, int64_t asked_at_us = 1) {
  return streamed(name, base::Bytes::copy_of(stream_body(3)), asked_at_us);
}

// Takes so long to convert that whatever is done meanwhile comes before its end.
base::Bytes large_body() {
  static const base::Bytes body = base::Bytes::copy_of(stream_body(20'000));
  return body;
}

class RendererTest : public testing::Test {
 protected:
  std::shared_ptr<RenderJob> submit(const std::shared_ptr<const Entry>& entry,
                                    const Form& wanted = kJson) {
    auto job = std::make_shared<RenderJob>(nullptr);
    renderer_->submit(job, entry, entry->conversion_to(wanted));
    return job;
  }
  // More than it makes while a test goes on.
  std::vector<std::shared_ptr<RenderJob>> occupy() {
    std::vector<std::shared_ptr<RenderJob>> jobs;
    for (size_t i = 0; i < Renderer::kWaitingMax - 2; ++i) {
      const auto entry = streamed("busy " + std::to_string(i), large_body());
      jobs.push_back(submit(entry));
      if (i % 8 == 0) jobs.push_back(submit(entry));
    }
    return jobs;
  }
  std::shared_ptr<const Entry> held(const std::shared_ptr<const Entry>& entry) {
    return memory_.look_up(entry->key);
  }
  static const Rendition* made(const std::shared_ptr<const Entry>& entry,
                               const Form& wanted = kJson) {
    return entry == nullptr ? nullptr : entry->rendition(entry->conversion_to(wanted));
  }

  MemoryTier memory_{size_t{256} << 20};
  std::unique_ptr<Renderer> renderer_ = std::make_unique<Renderer>(memory_, kObjectMax);
};

TEST_F(RendererTest, WhatItMakesIsKeptWithTheEntry) {
  const auto entry = small("q");
  memory_.store(entry);
  const auto richer = renderer_->render(entry, entry->conversion_to(kJson));
  ASSERT_NE(made(richer), nullptr);
  EXPECT_NE(made(richer)->answer, nullptr);
  EXPECT_EQ(held(entry), richer);
  EXPECT_EQ(richer->answer, entry->answer);
  EXPECT_TRUE(entry->renditions.empty());
  EXPECT_EQ(renderer_->render(richer, entry->conversion_to(kJson)), richer);
  // Who still has the copy that knew nothing gets the same.
  EXPECT_EQ(renderer_->render(entry, entry->conversion_to(kJson)), richer);
}

TEST_F(RendererTest, EachFormIsKeptBesideTheOthers) {
  const auto entry = small("q");
  memory_.store(entry);
  const auto one = renderer_->render(entry, entry->conversion_to(kJson));
  const auto two = renderer_->render(entry, entry->conversion_to(kUsage));
  ASSERT_NE(made(two, kUsage), nullptr);
  EXPECT_EQ(made(two), made(one));
  EXPECT_EQ(held(entry), two);
  EXPECT_EQ(two->renditions.size(), 2u);
}

TEST_F(RendererTest, WhyThereIsNoneIsKeptToo) {
  const auto entry = small("q");
  memory_.store(entry);
  const auto richer = renderer_->render(entry, entry->conversion_to(kUsage));
  ASSERT_NE(made(richer, kUsage), nullptr);
  EXPECT_EQ(made(richer, kUsage)->answer, nullptr);
  EXPECT_EQ(held(entry)->refusal(kUsage), Unconvertible::kUsage);
}

TEST_F(RendererTest, WhatIsNotHeldIsGivenAllTheSame) {
  const auto entry = small("q");
  const auto richer = renderer_->render(entry, entry->conversion_to(kJson));
  EXPECT_NE(made(richer), nullptr);
  EXPECT_EQ(held(entry), nullptr);
  const auto off = std::make_unique<MemoryTier>(0);
  Renderer alone(*off, kObjectMax);
  EXPECT_NE(made(alone.render(entry, entry->conversion_to(kJson))), nullptr);
}

TEST_F(RendererTest, ANewerRecordingIsLeftAlone) {
  const auto old = small("q", 1);
  const auto newer = small("q", 2);
  memory_.store(newer);
  const auto richer = renderer_->render(old, old->conversion_to(kJson));
  EXPECT_EQ(richer->answer, old->answer);
  EXPECT_NE(made(richer), nullptr);
  EXPECT_EQ(held(newer), newer);
}

TEST_F(RendererTest, WhatWasRemovedStaysAway) {
  const auto entry = small("q");
  memory_.store(entry);
  memory_.remove(entry->key);
  EXPECT_NE(made(renderer_->render(entry, entry->conversion_to(kJson))), nullptr);
  EXPECT_EQ(held(entry), nullptr);
}

// What does not fit is made each time.
TEST_F(RendererTest, AnEntryTooLargeForItIsKeptAsItWas) {
  const auto little = std::make_unique<MemoryTier>(size_t{4} << 20);
  Renderer renderer(*little, kObjectMax);
  const auto entry = streamed("q", large_body());
  little->store(entry);
  ASSERT_EQ(little->look_up(entry->key), entry);
  EXPECT_NE(made(renderer.render(entry, entry->conversion_to(kJson))), nullptr);
  EXPECT_EQ(little->look_up(entry->key), entry);
}

TEST_F(RendererTest, IsQuickWhereItIsSmallAndPlain) {
  const auto entry = small("q");
  EXPECT_TRUE(Renderer::is_quick(*entry, entry->conversion_to(kJson)));
  const auto large = streamed("q", large_body());
  EXPECT_FALSE(Renderer::is_quick(*large, large->conversion_to(kJson)));
  // A little JSON becomes a long stream.
  SampleEntry json("q");
  json.body = std::string(20'000, 'x');
  const auto whole = std::move(json).make();
  EXPECT_FALSE(Renderer::is_quick(*whole, whole->conversion_to(kStream)));
  auto coded = *entry;
  http::ResponseHead head = entry->answer->head();
  head.fields.add("Content-Encoding", "gzip");
  coded.answer = std::make_shared<const recording::Record>(head, entry->answer->body(),
                                                           entry->answer->marks());
  EXPECT_FALSE(Renderer::is_quick(coded, coded.conversion_to(kJson)));
}

// Without a memory nothing but the waiting together makes it one.
TEST_F(RendererTest, ACrowdThatWaitsMakesOne) {
  const auto before = occupy();
  const auto entry = small("q");
  std::vector<std::shared_ptr<RenderJob>> crowd;
  for (int i = 0; i < 50; ++i) crowd.push_back(submit(entry));
  for (const auto& job : before) job->forget();
  for (const auto& job : crowd) {
    ASSERT_TRUE(job->wait_ms(kPatienceMs));
    ASSERT_EQ(job->end(), End::kDone);
    EXPECT_EQ(job->entry, crowd.front()->entry);
  }
}

TEST_F(RendererTest, LateOnesGetWhatWasMade) {
  const auto entry = streamed("q", large_body());
  memory_.store(entry);
  const auto first = submit(entry);
  ASSERT_TRUE(first->wait_ms(kPatienceMs));
  const auto late = submit(entry);
  ASSERT_TRUE(late->wait_ms(kPatienceMs));
  EXPECT_EQ(made(late->entry), made(first->entry));
  EXPECT_EQ(made(held(entry)), made(first->entry));
}

TEST_F(RendererTest, TwoFormsAtOnceAreBothKept) {
  const auto entry = streamed("q", large_body());
  memory_.store(entry);
  const auto json = submit(entry, kJson);
  const auto usage = submit(entry, kUsage);
  for (const auto& job : {json, usage}) ASSERT_TRUE(job->wait_ms(kPatienceMs));
  EXPECT_NE(made(held(entry), kJson), nullptr);
  EXPECT_NE(made(held(entry), kUsage), nullptr);
}

TEST_F(RendererTest, WhatNobodyWaitsForIsNotMade) {
  const auto jobs = occupy();
  for (const auto& job : jobs) job->forget();
  const auto wanted = submit(small("last"));
  ASSERT_TRUE(wanted->wait_ms(kPatienceMs));
  // Those that were begun before may have been made.
  EXPECT_EQ(jobs.back()->end(), End::kPending);
}

TEST_F(RendererTest, BeyondItsBoundItRefuses) {
  std::vector<std::shared_ptr<RenderJob>> jobs;
  size_t dropped = 0;
  for (size_t i = 0; i < 4 * Renderer::kWaitingMax; ++i) {
    jobs.push_back(submit(streamed("q" + std::to_string(i), large_body())));
    dropped += jobs.back()->end() == End::kDropped ? 1 : 0;
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_NE(jobs.front()->end(), End::kDropped);
  for (const auto& job : jobs) job->forget();
}

TEST_F(RendererTest, WhenItGoesEveryJobIsSettled) {
  const auto jobs = occupy();
  renderer_.reset();
  size_t dropped = 0;
  for (const auto& job : jobs) {
    ASSERT_NE(job->end(), End::kPending);
    dropped += job->end() == End::kDropped ? 1 : 0;
    EXPECT_EQ(job->end() == End::kDone, job->entry != nullptr);
  }
  EXPECT_GT(dropped, 0u);
}

// Client: one who asks on a loop of its own, and may leave before it is answered.
struct Client {
  explicit Client(base::Executor& executor)
      : wakeup(
            executor, [](void* self) noexcept { static_cast<Client*>(self)->on_rendered(); },
            this) {}
  void on_rendered() {
    right = job->end() == End::kDropped ||
            (job->end() == End::kDone && job->entry != nullptr && job->entry->key == key);
    job.reset();
    ++*answered;
    left->count_down();
  }

  base::Wakeup wakeup;
  base::Digest128 key;
  std::shared_ptr<RenderJob> job;
  std::latch* left = nullptr;
  std::atomic<int>* answered = nullptr;
  bool right = true;
};

// For the thread sanitizer: loops that ask and leave, entries that are replaced and removed.
TEST_F(RendererTest, ManyLoopsShareIt) {
  constexpr int kLoops = 4;
  constexpr int kClients = 100;
  constexpr std::array<Form, 3> kForms{kJson, kUsage,
                                       Form{.stream = true, .include_obfuscation = false}};
  std::latch left(kLoops * kClients);
  std::atomic<int> answered{0};
  std::deque<fakes::ThreadExecutor> loops(kLoops);
  std::vector<std::unique_ptr<Client>> clients;
  for (auto& loop : loops) {
    for (int i = 0; i < kClients; ++i) clients.push_back(std::make_unique<Client>(loop));
  }
  const base::Bytes body = base::Bytes::copy_of(stream_body(200));
  for (int i = 0; i < kLoops; ++i) {
    ASSERT_TRUE(loops[static_cast<size_t>(i)].post([&, i] {
      std::mt19937 random(static_cast<uint32_t>(i));
      for (int c = 0; c < kClients; ++c) {
        Client& client = *clients[static_cast<size_t>(i * kClients + c)];
        auto entry = memory_.look_up(base::xxh3_128("q" + std::to_string(random() % 5)));
        if (entry == nullptr || random() % 8 == 0) {
          entry = streamed("q" + std::to_string(random() % 5), body, c);
          memory_.store(entry);
        }
        if (random() % 16 == 0) memory_.remove(entry->key);
        client.key = entry->key;
        client.left = &left;
        client.answered = &answered;
        client.job = std::make_shared<RenderJob>(&client.wakeup);
        renderer_->submit(client.job, entry,
                          entry->conversion_to(kForms[random() % kForms.size()]));
        if (random() % 4 != 0) continue;
        client.job->forget();
        left.count_down();
      }
    }));
  }
  left.wait();
  for (auto& loop : loops) loop.call([] {});
  EXPECT_GT(answered, 0);
  for (const auto& client : clients) EXPECT_TRUE(client->right);
}

}  // namespace
}  // namespace reprise::cache
