#include "recording/record.h"

#include <utility>

namespace reprise::recording {

Record::Record(http::ResponseHead head, base::Bytes body, std::vector<Mark> marks)
    : head_(std::move(head)), body_(std::move(body)), marks_(std::move(marks)) {
  head_.fields.shrink_to_fit();
  marks_.shrink_to_fit();
}

size_t Record::cost_bytes() const {
  constexpr size_t kControlBlock = 32;
  return sizeof(Record) + kControlBlock + body_.size() + base::Bytes::kOverheadBytes +
         marks_.capacity() * sizeof(Mark) + head_.fields.memory_bytes() + head_.reason.capacity();
}

}  // namespace reprise::recording
