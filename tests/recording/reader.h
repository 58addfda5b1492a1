#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recording/cursor.h"

namespace reprise::recording {

// Reader: a cursor with its wake-up, and all that it has read so far.
class Reader {
 public:
  // Habit: what a reader does at its wake-up.
  enum class Habit : uint8_t { kCount, kRead };

  explicit Reader(base::Executor& executor, Habit habit = Habit::kCount)
      : wakeup_(
            executor, [](void* self) noexcept { static_cast<Reader*>(self)->on_wake(); }, this),
        cursor_(wakeup_),
        habit_(habit) {}

  Cursor& cursor() { return cursor_; }
  [[nodiscard]] bool join(std::shared_ptr<Recording> recording,
                          Cursor::Interest interest = Cursor::Interest::kReads) {
    heard_ = {};
    return cursor_.join(std::move(recording), interest);
  }

  // One look.
  Cursor::Status look(size_t bytes_max = std::numeric_limits<size_t>::max()) {
    batch_.clear();
    status_ = cursor_.next(batch_, bytes_max);
    if (batch_.interim != nullptr) heard_.interims.push_back(batch_.interim->status);
    if (batch_.head != nullptr) {
      ++heard_.heads;
      heard_.status = batch_.head->status;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < batch_.piece_count; ++i) {
      heard_.body.append(batch_.pieces[i].view());
      bytes += batch_.pieces[i].size();
    }
    CHECK(bytes == batch_.bytes);
    if (batch_.trailers != nullptr) heard_.trailers.emplace((*batch_.trailers)[0].name);
    return status_;
  }
  // As many as there is something for.
  Cursor::Status read() {
    while (look() == Cursor::Status::kMore) {
    }
    return status_;
  }

  const std::string& body() const { return heard_.body; }
  int status() const { return heard_.status; }
  int heads() const { return heard_.heads; }
  const std::vector<int>& interims() const { return heard_.interims; }
  // The name of the first one.
  const std::optional<std::string>& trailers() const { return heard_.trailers; }
  size_t pieces_of_last_look() const { return batch_.piece_count; }
  size_t wakes() const { return wakes_; }

 private:
  struct Heard {
    std::string body;
    int status = 0;
    int heads = 0;
    std::vector<int> interims;
    std::optional<std::string> trailers;
  };
  void on_wake() {
    ++wakes_;
    if (habit_ == Habit::kRead) read();
  }

  base::Wakeup wakeup_;
  Cursor cursor_;
  const Habit habit_;
  Batch batch_;
  Cursor::Status status_ = Cursor::Status::kPending;
  Heard heard_;
  size_t wakes_ = 0;
};

}  // namespace reprise::recording
