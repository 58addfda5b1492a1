#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "cache/cassette_directory.h"
#include "cache/cassette_files.h"
#include "cache/cassette_job.h"
#include "cache/cassette_purges.h"
#include "cache/job_thread.h"
#include "cache/tier.h"

namespace reprise::cache {

// CassetteTerms: what configuration says about a cassette.
struct CassetteTerms {
  std::string directory;
  size_t object_bytes_max = 0;  // of an answer's body
};

// CassetteReadings: what a cassette has counted, at one moment.
struct CassetteReadings {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t damaged = 0;          // files that could not be used
  uint64_t timeouts = 0;         // requests that went on without waiting any longer
  uint64_t dropped_lookups = 0;  // too many waited
  uint64_t stores = 0;
  uint64_t failed_stores = 0;
  uint64_t dropped_stores = 0;  // too much waited
};

// CassetteTier: entries in a directory, one readable file each: see cassette_file.h. Nothing is
// known of a directory but what is asked for: it is neither listed nor read when a process starts,
// and files that appear, change and vanish are what they are at the next question.
//
// Files block, so none is touched on a loop: one thread reads, one writes, one looks for questions
// that resemble another.
//
// Tier's own calls wait, store() apart; loops use submit().
//
// Owner: Server; outlives the workers. Thread: any.
class CassetteTier final : public Tier {
 public:
  // How long a lookup may take: files are near, but disks hang.
  static constexpr int64_t kLookupMs = 5000;
  // Lookups, scans, and bytes of changes that may wait.
  static constexpr size_t kReadsWaitingMax = 16384;
  static constexpr size_t kScansWaitingMax = 64;
  static constexpr size_t kWaitingBytesMax = size_t{64} << 20;
  static constexpr int64_t kFlushUs = 5'000'000;

  // Makes the directory if it is missing, and reads what is purged. The error names the directory.
  static base::Result<std::unique_ptr<CassetteTier>> open(const CassetteTerms& terms,
                                                          const CassetteParts& parts);
  ~CassetteTier() override;
  CassetteTier(const CassetteTier&) = delete;
  CassetteTier& operator=(const CassetteTier&) = delete;

  std::shared_ptr<const Entry> find(const base::Digest128& key, const base::Sha256& proof) override;
  void store(std::shared_ptr<const Entry> entry) override;
  std::shared_ptr<const Entry> look_up(const base::Digest128& key) override;
  bool remove(const base::Digest128& key) override;

  // With the canonical body of its question, for people.
  void store(std::shared_ptr<const Entry> entry, std::string question);
  // Puts the purges on record on disk. False if that failed or took too long.
  bool keep_purges();

  // Each is settled exactly once, at once if its queue is full.
  void submit(const std::shared_ptr<CassetteRead>& job);
  void submit(const std::shared_ptr<CassetteWrite>& job);
  void submit(const std::shared_ptr<CassetteScan>& job);

  // A request went on without waiting for its lookup any longer.
  void count_timeout() { add(timeouts_); }
  CassetteReadings read() const;

  // Writes what waits to be written, for as long as kFlushUs, then takes no more.
  void flush();

 private:
  using Counter = std::atomic<uint64_t>;

  CassetteTier(const CassetteTerms& terms, const CassetteParts& parts);
  static void add(Counter& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

  std::shared_ptr<const Entry> wait_for(const std::shared_ptr<CassetteRead>& job);
  void read(CassetteRead& job);
  void write(const JobThread<CassetteWrite>::Batch& batch);
  void perform(CassetteWrite& job);
  void settle(CassetteWrite& job);

  const CassetteParts parts_;
  const CassetteDirectory directory_;
  Counter hits_{0};
  Counter misses_{0};
  Counter damaged_{0};
  Counter timeouts_{0};
  Counter dropped_lookups_{0};
  Counter stores_{0};
  Counter failed_stores_{0};
  Counter dropped_stores_{0};
  std::atomic<int64_t> flush_until_us_;  // monotonic
  // Each a thread's own.
  CassetteFiles read_files_;
  CassetteFiles written_files_;
  CassetteFiles scanned_files_;
  CassettePurges purges_;
  bool swept_ = false;  // what killed writers left behind is gone
  // Last: they use all of the above.
  JobThread<CassetteRead> reading_;
  JobThread<CassetteScan> scanning_;
  JobThread<CassetteWrite> writing_;
};

}  // namespace reprise::cache
