#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace reprise::base {

// Bytes: a shared immutable run of bytes. Copying shares; the last holder frees. Thread-safe as
// shared_ptr<const T> is. Header and bytes are one allocation.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes& other) noexcept
      : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() {
    if (block_ != nullptr && block_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~Block();
      ::operator delete(static_cast<void*>(block_));
    }
  }

  static Bytes copy_of(std::string_view text) {
    Bytes bytes = with_size(text.size());
    if (!text.empty()) std::memcpy(bytes.mutable_data(), text.data(), text.size());
    return bytes;
  }

  // Uninitialised: the maker fills it through mutable_data() before it shares it.
  static Bytes with_size(size_t size) {
    Bytes bytes;
    if (size == 0) return bytes;
    void* memory = ::operator new(sizeof(Block) + size);
    bytes.block_ = new (memory) Block;
    bytes.data_ = static_cast<char*>(memory) + sizeof(Block);
    bytes.size_ = size;
    return bytes;
  }

  const char* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {data_, size_}; }

  // Only while nobody shares it.
  char* mutable_data() {
    CHECK(block_ == nullptr || block_->holders.load(std::memory_order_relaxed) == 1);
    return data_;
  }

  // A part that shares this one's memory.
  Bytes slice(size_t offset, size_t size) const {
    CHECK(offset <= size_ && size <= size_ - offset);
    Bytes part = *this;
    part.data_ += offset;
    part.size_ = size;
    return part;
  }

  // What one allocation costs beyond its bytes: our header and the allocator's.
  static constexpr size_t kOverheadBytes = 32;

 private:
  struct Block {
    std::atomic<uint32_t> holders{1};
  };
  Block* block_ = nullptr;
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace reprise::base
