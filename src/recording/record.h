#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "http/message.h"

namespace reprise::recording {

// Mark: the bytes up to `end` had arrived `offset_ms` after upstream was asked.
struct Mark {
  uint64_t end = 0;
  uint32_t offset_ms = 0;
};

// Record: a finished recording: what tiers hold and hits are played from. Immutable, so any thread
// reads it without a lock.
class Record {
 public:
  Record(http::ResponseHead head, base::Bytes body, std::vector<Mark> marks);

  const http::ResponseHead& head() const { return head_; }
  const base::Bytes& body() const { return body_; }
  const std::vector<Mark>& marks() const { return marks_; }
  // Everything that it costs, allocator overheads included.
  size_t cost_bytes() const;

 private:
  http::ResponseHead head_;
  base::Bytes body_;
  std::vector<Mark> marks_;
};

}  // namespace reprise::recording
