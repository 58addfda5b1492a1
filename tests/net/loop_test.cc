#include "net/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/uv_handle.h"

namespace reprise::net {
namespace {

// Count: something to be woken.
struct Count {
  explicit Count(Loop& loop)
      : wakeup(
            loop, [](void* self) noexcept { ++static_cast<Count*>(self)->runs; }, this) {}
  int runs = 0;
  base::Wakeup wakeup;
};

TEST(Loop, RunsWhatIsPostedFromAnotherThreadInOrder) {
  Loop loop;
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(loop.post([&order, i] { order.push_back(i); }));
    EXPECT_TRUE(loop.post([&loop] { loop.stop(); }));
  });
  loop.run();
  other.join();
  ASSERT_EQ(order.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[i], i);
}

TEST(Loop, BoundsWhatIsPosted) {
  Loop loop;
  int runs = 0;
  for (size_t i = 0; i < Loop::kPostedMax; ++i) ASSERT_TRUE(loop.post([&runs] { ++runs; }));
  EXPECT_FALSE(loop.post([&runs] { ++runs; }));
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(runs, static_cast<int>(Loop::kPostedMax));
  EXPECT_TRUE(loop.post([] {}));
}

TEST(Loop, TakesNoPostsOnceStopped) {
  Loop loop;
  bool ran = false;
  ASSERT_TRUE(loop.post([&ran] { ran = true; }));
  loop.stop();
  EXPECT_FALSE(loop.post([] {}));
  loop.run();
  EXPECT_TRUE(ran);
  EXPECT_FALSE(loop.post([] {}));
}

// Player: hits a ball to another on another thread, who hits it back.
struct Player {
  void hit() {
    if (++hits == kHits) loop.stop();
    if (hits < kHits || serves) other->loop.wake(other->ball);
  }

  static constexpr int kHits = 2000;
  Loop loop;
  Player* other = nullptr;
  bool serves = false;
  int hits = 0;
  base::Wakeup ball{loop, [](void* self) noexcept { static_cast<Player*>(self)->hit(); }, this};
};

TEST(Loop, WakesFromAnotherThread) {
  Player one;
  Player two;
  one.other = &two;
  two.other = &one;
  one.serves = true;
  ASSERT_TRUE(one.loop.post([&one] { one.hit(); }));
  std::thread second([&two] { two.loop.run(); });
  one.loop.run();
  second.join();
  EXPECT_EQ(one.hits, Player::kHits);
  EXPECT_EQ(two.hits, Player::kHits);
}

TEST(Loop, RunsAWakeUpOfItsOwnBeforeItWaits) {
  Loop loop;
  Count count(loop);
  UvHandle<uv_timer_t> timer;
  uv_timer_init(loop.uv(), timer.get());
  timer.opened(&count);
  uv_timer_start(
      timer.get(),
      [](uv_timer_t* handle) {
        auto* woken = static_cast<Count*>(handle->data);
        woken->wakeup.executor().wake(woken->wakeup);
        EXPECT_EQ(woken->runs, 0);
      },
      0, 0);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(count.runs, 1);
}

TEST(Loop, ForgetsAWakeUpThatIsCancelled) {
  Loop loop;
  Count own(loop);
  Count foreign(loop);
  loop.wake(own.wakeup);
  std::thread([&] { loop.wake(foreign.wakeup); }).join();
  loop.cancel(own.wakeup);
  loop.cancel(foreign.wakeup);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(own.runs + foreign.runs, 0);
}

TEST(Loop, RunsWakeUpsThatWakeOthersInOneTurn) {
  Loop loop;
  struct Chain {
    explicit Chain(Loop& owner) : loop(owner) {}
    Loop& loop;
    int left = 100;
    base::Wakeup wakeup{loop,
                        [](void* self) noexcept {
                          auto* chain = static_cast<Chain*>(self);
                          if (--chain->left > 0) chain->loop.wake(chain->wakeup);
                        },
                        this};
  } chain(loop);
  loop.wake(chain.wakeup);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(chain.left, 0);
}

// Mortal: retires itself in its own callback, and wakes somebody when it dies.
struct Mortal {
  Mortal(Loop& its_loop, std::unique_ptr<Mortal>& held_by, Count& heir_of)
      : loop(its_loop), owner(held_by), heir(heir_of) {}
  ~Mortal() { loop.wake(heir.wakeup); }
  void run() {
    loop.retire(std::move(owner));
    last_words = "still here";
    EXPECT_EQ(heir.runs, 0);
  }

  Loop& loop;
  std::unique_ptr<Mortal>& owner;
  Count& heir;
  std::string last_words;
  base::Wakeup wakeup{loop, [](void* self) noexcept { static_cast<Mortal*>(self)->run(); }, this};
};

TEST(Loop, RetiresAnObjectAfterItsOwnCallback) {
  Loop loop;
  Count heir(loop);
  std::unique_ptr<Mortal> owner;
  owner = std::make_unique<Mortal>(loop, owner, heir);
  loop.wake(owner->wakeup);
  uv_run(loop.uv(), UV_RUN_NOWAIT);
  EXPECT_EQ(owner, nullptr);
  EXPECT_EQ(heir.runs, 1);
}

TEST(Loop, DestroysWhatIsRetiredAfterItsRun) {
  auto loop = std::make_unique<Loop>();
  loop->stop();
  loop->run();
  auto shared = std::make_shared<int>(0);
  loop->retire(std::make_unique<std::shared_ptr<int>>(shared));
  loop.reset();
  EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace reprise::net
