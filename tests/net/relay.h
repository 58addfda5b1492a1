#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/stream.h"
#include "net/tcp_stream.h"

namespace reprise::net {

// Relay: a man in the middle, who passes on what two streams bring, and sees it.
// Owner: the test. Thread: its loop's.
class Relay {
 public:
  // Way: one direction.
  class Way final : public Stream::Handler {
   public:
    Way(TcpStream& from, TcpStream& to) : from_(from), to_(to) {}

    void on_read(std::string_view bytes) override {
      std::string copy(bytes);
      if (change) change(copy);
      seen += copy;
      waiting_ += copy;
      if (waiting_.empty()) return;
      if (byte_by_byte) from_.pause_reading();
      pass_on();
    }
    void on_read_end() override { to_.finish(); }
    void on_stream_error(const base::Error&) override {}
    void on_drained() override {}

    std::function<void(std::string&)> change;
    bool byte_by_byte = false;  // each in a turn of its own
    std::string seen;

   private:
    void pass_on() {
      const size_t count = byte_by_byte ? 1 : waiting_.size();
      const Piece piece = Piece::transient(std::string_view(waiting_).substr(0, count));
      to_.write({&piece, 1});
      waiting_.erase(0, count);
      if (waiting_.empty()) return from_.resume_reading();
      ASSERT_TRUE(from_.loop().post([this] { pass_on(); }));
    }

    TcpStream& from_;
    TcpStream& to_;
    std::string waiting_;
  };

  Relay(std::unique_ptr<TcpStream> left, std::unique_ptr<TcpStream> right)
      : left_(std::move(left)),
        right_(std::move(right)),
        to_right(*left_, *right_),
        to_left(*right_, *left_) {
    left_->set_handler(&to_right);
    right_->set_handler(&to_left);
    left_->resume_reading();
    right_->resume_reading();
  }

 private:
  std::unique_ptr<TcpStream> left_;
  std::unique_ptr<TcpStream> right_;

 public:
  Way to_right;
  Way to_left;
};

}  // namespace reprise::net
