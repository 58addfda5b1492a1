#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/cassette_directory.h"
#include "cache/purge_record.h"

namespace reprise::cache {

// `times` as a file says them: JSON, one line for each.
//   {"reprise_purges", "all": a time or null, "scopes": [[digest, time], …], "entries": the same}
std::string encode_purges_file(const PurgeTimes& times);

// In order. The error says where the text is no such file, and why.
base::Result<PurgeTimes> decode_purges_file(std::string_view text);

// CassettePurges: what is purged, in a file beside the entries, so that a purge survives a restart,
// and a copy of what it covers that turns up later. A file that cannot be used is named in a
// warning, and replaced by the next purge.
// Blocks. Owner: CassetteTier. Thread: one at a time.
class CassettePurges {
 public:
  static constexpr const char* kName = "purges.json";
  static constexpr size_t kBytesMax = size_t{4} << 20;

  // Takes over what the file says. Both outlive it.
  CassettePurges(const CassetteDirectory& directory, PurgeRecord& purges);

  // Whether all that is on record is on disk.
  bool kept() const { return purges_.version() == kept_; }
  // Whether it is not, and that has not been tried yet.
  bool due() const { return !kept() && purges_.version() != tried_; }
  // Puts on disk what is on record, and what another process has put there.
  void keep();

 private:
  void merge_file();

  const CassetteDirectory& directory_;
  PurgeRecord& purges_;
  uint64_t kept_ = 0;   // the record's version that is on disk
  uint64_t tried_ = 0;  // and the one that should be
};

}  // namespace reprise::cache
