#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/model_table.h"
#include "cache/cassette_directory.h"
#include "cache/cassette_file.h"
#include "cache/cassette_job.h"
#include "cache/memory_tier.h"
#include "cache/purge_record.h"

namespace reprise::cache {

// CassetteParts: what a cassette works with. Everything outlives it; all of it takes any thread.
struct CassetteParts {
  const base::Clock& clock;
  PurgeRecord& purges;
  MemoryTier& memory;  // what is found is remembered there as well
  base::ModelTable& models;
};

// CassetteFiles: entries in files, called by their keys. A file that cannot be used is named in a
// warning, with what is wrong with it.
// Blocks. Owner: CassetteTier, one for each of its threads. Thread: one.
class CassetteFiles {
 public:
  CassetteFiles(const CassetteDirectory& directory, const CassetteParts& parts,
                size_t object_bytes_max)
      : directory_(directory),
        parts_(parts),
        codec_(parts.models, object_bytes_max),
        group_(directory) {}

  // Null if there is none. The error has been logged.
  base::Result<std::shared_ptr<const Entry>> find(const base::Digest128& key);
  // Writes the job's entry unless one asked later is there, or it is purged. It is done once
  // finish() was called, which may be here. The job lives until then.
  void store(CassetteWrite& job);
  void finish();
  // True if there was one.
  bool remove(const base::Digest128& key);
  void scan(CassetteScan& scan);

 private:
  using Decoded = base::Result<std::shared_ptr<Entry>>;
  enum class Part : uint8_t { kAll, kQuestion };

  Decoded load(const base::Digest128& key, Part part);
  void warn(const base::Digest128& key, std::string_view message, const base::Error& error) const;

  const CassetteDirectory& directory_;
  const CassetteParts& parts_;
  CassetteCodec codec_;
  CassetteDirectory::Group group_;
  std::vector<CassetteWrite*> unfinished_;  // whose files are in the group
};

}  // namespace reprise::cache
