#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "base/executor.h"

namespace reprise::proxy {

// LastOneOut: counts those who are in and tells once when nobody is left.
// Owner: a group of connections, calls or tunnels. Thread: its executor's.
class LastOneOut {
 public:
  explicit LastOneOut(base::Executor& executor)
      : wakeup_(
            executor, [](void* self) noexcept { static_cast<LastOneOut*>(self)->tell(); }, this) {}
  ~LastOneOut() { wakeup_.executor().cancel(wakeup_); }
  LastOneOut(const LastOneOut&) = delete;
  LastOneOut& operator=(const LastOneOut&) = delete;

  void enter() { ++inside_; }
  void leave() {
    --inside_;
    if (inside_ == 0 && callback_) queue();
  }
  // Calls back once when nobody is in, but never from inside this call.
  void when_empty(std::function<void()> callback) {
    callback_ = std::move(callback);
    if (inside_ == 0) queue();
  }
  size_t inside() const { return inside_; }

 private:
  void queue() {
    if (!wakeup_.linked()) wakeup_.executor().wake(wakeup_);
  }
  void tell() {
    if (inside_ == 0 && callback_) std::exchange(callback_, nullptr)();
  }

  size_t inside_ = 0;
  std::function<void()> callback_;
  base::Wakeup wakeup_;
};

}  // namespace reprise::proxy
