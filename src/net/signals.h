#pragma once

#include <functional>
#include <vector>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace reprise::net {

// Signals: calls back on the loop for each signal that comes.
// Owner: the server. Thread: its loop's. Destroying it restores the default actions.
class Signals {
 public:
  Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int)> callback);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::function<void(int)> callback_;
  std::vector<UvHandle<uv_signal_t>> handles_;
};

}  // namespace reprise::net
