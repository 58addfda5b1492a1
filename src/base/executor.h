#pragma once

#include "base/intrusive_list.h"
#include "base/task.h"

namespace reprise::base {

class Executor;

// Wakeup: a node that its owner embeds and that anybody may queue, from any thread, on the owner's
// executor. Cannot be refused, needs no memory. Owner: the waiter. It dies on its executor's
// thread, after whoever may queue it has let go of it (see recording::Recording::leave).
class Wakeup : public IntrusiveNode {
 public:
  using Callback = void (*)(void* owner) noexcept;
  Wakeup(Executor& executor, Callback callback, void* owner)
      : executor_(executor), callback_(callback), owner_(owner) {}
  ~Wakeup() = default;

  Executor& executor() const { return executor_; }
  void run() noexcept { callback_(owner_); }

 private:
  Executor& executor_;
  Callback callback_;
  void* owner_;
};

// Executor: one thread that runs jobs.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `task` on the executor's thread. False, and the task is destroyed, once it is closed or
  // when its queue is full. Any thread.
  [[nodiscard]] virtual bool post(Task task) = 0;

  // Queues `wakeup`, which must be in no list. A wake-up from the executor's own thread runs before
  // the thread waits for input again; one from elsewhere as soon as the thread gets to it. Any
  // thread; takes only leaf locks, so it may be called under the lock that guards the waiter's
  // list.
  virtual void wake(Wakeup& wakeup) noexcept = 0;

  // Takes `wakeup` out of the queue if it is in it. The executor's thread only.
  virtual void cancel(Wakeup& wakeup) noexcept = 0;
};

}  // namespace reprise::base
