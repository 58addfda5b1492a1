#pragma once

#include <uv.h>

#include "base/check.h"

namespace reprise::net {

// UvHandle: owns a libuv handle until libuv has let go of it. The destructor detaches the handle
// from its owner and closes it; the memory goes in the close callback. Thread: its loop's.
template <typename T>
class UvHandle {
 public:
  UvHandle() : handle_(new T{}) {}
  UvHandle(UvHandle&& other) noexcept : handle_(other.handle_), open_(other.open_) {
    other.handle_ = nullptr;
  }
  UvHandle& operator=(UvHandle&&) = delete;
  ~UvHandle() {
    if (handle_ == nullptr) return;
    if (!open_) {
      delete handle_;
      return;
    }
    handle_->data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(handle_),
             [](uv_handle_t* handle) { delete reinterpret_cast<T*>(handle); });
  }

  // After a successful uv_*_init: from now on the handle must be closed, not just freed.
  void opened(void* owner) {
    open_ = true;
    handle_->data = owner;
  }
  T* get() const { return handle_; }
  T* operator->() const { return handle_; }
  uv_stream_t* stream() const { return reinterpret_cast<uv_stream_t*>(handle_); }
  uv_handle_t* base() const { return reinterpret_cast<uv_handle_t*>(handle_); }

 private:
  T* handle_;
  bool open_ = false;
};

}  // namespace reprise::net
