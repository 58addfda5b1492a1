#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/cassette_file.h"
#include "cache/cassette_purges.h"

// What anybody may have put into a cassette's directory is refused with a reason, or is an entry,
// or purge times, that read the same when they are written again.

namespace {

using reprise::base::ModelTable;
using reprise::cache::CassetteCodec;
using reprise::cache::Entry;

constexpr size_t kBytesMax = size_t{1} << 20;

// A head of which any part may be followed by what a replay adds to it.
void check_head(const Entry& entry) {
  const std::string_view head = entry.replay_head.view();
  CHECK(head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n"));
  CHECK(head.find("\r\n\r\n") == std::string_view::npos);
  CHECK(head.find('\0') == std::string_view::npos);
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\n') CHECK(i > 0 && head[i - 1] == '\r');
    if (head[i] == '\r') CHECK(i + 1 < head.size() && head[i + 1] == '\n');
  }
}

void check_marks(const reprise::recording::Record& record) {
  uint64_t end = 0;
  uint32_t offset_ms = 0;
  for (const auto& mark : record.marks()) {
    CHECK(mark.end > end && mark.offset_ms >= offset_ms);
    end = mark.end;
    offset_ms = mark.offset_ms;
  }
  CHECK(record.marks().empty() || end == record.body().size());
  CHECK(record.body().size() <= kBytesMax);
}

void try_entry(std::string_view text) {
  static ModelTable models;  // fills up, as it would
  static CassetteCodec codec(models, kBytesMax);
  std::string question;
  const auto entry = codec.decode(text, &question);
  CHECK(codec.decode_question(text).has_value() || !entry.has_value());
  if (!entry) {
    CHECK(!entry.error().detail.empty());
    return;
  }
  check_head(**entry);
  check_marks(*(*entry)->answer);
  const auto again = codec.encode(**entry, question);
  CHECK(again.has_value());
  std::string same_question;
  const auto back = codec.decode(*again, &same_question);
  CHECK(back.has_value() && question == same_question);
  // But for pieces of events, which come to have the time of the whole event.
  CHECK((*back)->answer->body().view() == (*entry)->answer->body().view());
  CHECK(codec.encode(**back, question) == *again);
}

void try_purges(std::string_view text) {
  const auto times = reprise::cache::decode_purges_file(text);
  if (times) CHECK(reprise::cache::decode_purges_file(encode_purges_file(*times)) == *times);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_entry(text);
  try_purges(text);
  return 0;
}
