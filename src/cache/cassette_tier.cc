#include "cache/cassette_tier.h"

#include <limits>
#include <utility>

namespace reprise::cache {

namespace {

constexpr int64_t kLongUs = 3'600'000'000;
// How soon a purge that came by another way than keep_purges() is on disk.
constexpr int64_t kPurgePeriodUs = 1'000'000;
// What is written together.
constexpr size_t kBatchBytes = size_t{4} << 20;
// Nobody writes one file for so long.
constexpr int64_t kUnfinishedS = 3600;

}  // namespace

base::Result<std::unique_ptr<CassetteTier>> CassetteTier::open(const CassetteTerms& terms,
                                                               const CassetteParts& parts) {
  const CassetteDirectory directory(terms.directory);
  if (auto made = directory.create(); !made) return tl::unexpected(std::move(made.error()));
  return std::unique_ptr<CassetteTier>(new CassetteTier(terms, parts));
}

CassetteTier::CassetteTier(const CassetteTerms& terms, const CassetteParts& parts)
    : parts_(parts),
      directory_(terms.directory),
      flush_until_us_(std::numeric_limits<int64_t>::max()),
      read_files_(directory_, parts_, terms.object_bytes_max),
      written_files_(directory_, parts_, terms.object_bytes_max),
      scanned_files_(directory_, parts_, terms.object_bytes_max),
      purges_(directory_, parts_.purges),
      reading_({kReadsWaitingMax, 1, kLongUs},
               [this](const auto& batch) {
                 for (const auto& job : batch) read(*job);
               }),
      scanning_({kScansWaitingMax, 1, kLongUs},
                [this](const auto& batch) {
                  for (const auto& job : batch) {
                    if (!job->forgotten()) scanned_files_.scan(*job);
                    job->settle(SharedJob::End::kDone);
                  }
                }),
      writing_({kWaitingBytesMax, kBatchBytes, kPurgePeriodUs},
               [this](const auto& batch) { write(batch); }) {}

CassetteTier::~CassetteTier() { flush(); }

void CassetteTier::flush() {
  flush_until_us_ = parts_.clock.monotonic_us() + kFlushUs;
  writing_.finish();
  // Its thread is gone.
  if (purges_.due()) purges_.keep();
}

// --- reading ------------------------------------------------------------------------------------

void CassetteTier::submit(const std::shared_ptr<CassetteRead>& job) {
  job->submitted_us = parts_.clock.monotonic_us();
  if (reading_.submit(job, 1)) return;
  add(dropped_lookups_);
  job->settle(SharedJob::End::kDropped);
}

void CassetteTier::submit(const std::shared_ptr<CassetteScan>& job) {
  job->submitted_us = parts_.clock.monotonic_us();
  if (!scanning_.submit(job, 1)) job->settle(SharedJob::End::kDropped);
}

void CassetteTier::read(CassetteRead& job) {
  if (job.forgotten() && !job.promote) return job.settle(SharedJob::End::kDone);
  const auto entry = read_files_.find(job.home);
  if (!entry) {
    add(damaged_);
    return job.settle(SharedJob::End::kFailed);
  }
  job.entry = *entry;
  if (job.promote) add(job.entry != nullptr ? hits_ : misses_);
  const bool wanted = job.entry != nullptr && job.promote == job.entry->proof;
  if (wanted && !parts_.purges.gone(*job.entry)) parts_.memory.store(job.entry);
  job.settle(SharedJob::End::kDone);
}

std::shared_ptr<const Entry> CassetteTier::wait_for(const std::shared_ptr<CassetteRead>& job) {
  submit(job);
  return job->wait_ms(kLookupMs) ? job->entry : nullptr;
}

std::shared_ptr<const Entry> CassetteTier::find(const base::Digest128& key,
                                                const base::Sha256& proof) {
  const auto job = std::make_shared<CassetteRead>(nullptr);
  job->home = key;
  job->promote = proof;
  auto entry = wait_for(job);
  return entry != nullptr && entry->proof == proof ? entry : nullptr;
}

std::shared_ptr<const Entry> CassetteTier::look_up(const base::Digest128& key) {
  const auto job = std::make_shared<CassetteRead>(nullptr);
  job->home = key;
  return wait_for(job);
}

// --- writing ------------------------------------------------------------------------------------

void CassetteTier::submit(const std::shared_ptr<CassetteWrite>& job) {
  job->submitted_us = parts_.clock.monotonic_us();
  const size_t bytes = job->bytes();
  if (writing_.submit(job, bytes)) return;
  if (job->op == CassetteWrite::Op::kStore) add(dropped_stores_);
  job->settle(SharedJob::End::kDropped);
}

void CassetteTier::store(std::shared_ptr<const Entry> entry) { store(std::move(entry), {}); }

void CassetteTier::store(std::shared_ptr<const Entry> entry, std::string question) {
  const auto job = std::make_shared<CassetteWrite>(CassetteWrite::Op::kStore, nullptr);
  job->home = entry->key;
  job->entry = std::move(entry);
  job->question = std::move(question);
  submit(job);
}

bool CassetteTier::remove(const base::Digest128& key) {
  const auto job = std::make_shared<CassetteWrite>(CassetteWrite::Op::kRemove, nullptr);
  job->home = key;
  submit(job);
  return job->wait_ms(kLookupMs) && job->done;
}

bool CassetteTier::keep_purges() {
  const auto job = std::make_shared<CassetteWrite>(CassetteWrite::Op::kKeepPurges, nullptr);
  submit(job);
  return job->wait_ms(kLookupMs) && job->done;
}

void CassetteTier::write(const JobThread<CassetteWrite>::Batch& batch) {
  bool told_to_keep = false;
  for (const auto& job : batch) {
    told_to_keep |= job->op == CassetteWrite::Op::kKeepPurges;
    if (parts_.clock.monotonic_us() < flush_until_us_) perform(*job);
  }
  written_files_.finish();
  if (purges_.due() || (told_to_keep && !purges_.kept())) purges_.keep();
  for (const auto& job : batch) settle(*job);
}

void CassetteTier::perform(CassetteWrite& job) {
  if (job.op != CassetteWrite::Op::kKeepPurges && !std::exchange(swept_, true)) {
    directory_.sweep(parts_.clock.wall_us() / 1'000'000 - kUnfinishedS);
  }
  switch (job.op) {
    case CassetteWrite::Op::kStore:
      return written_files_.store(job);
    case CassetteWrite::Op::kRemove:
      job.done = written_files_.remove(job.home);
      return;
    case CassetteWrite::Op::kKeepPurges:
      return;
  }
}

void CassetteTier::settle(CassetteWrite& job) {
  if (job.op == CassetteWrite::Op::kStore) add(job.done ? stores_ : failed_stores_);
  if (job.op == CassetteWrite::Op::kKeepPurges) job.done = purges_.kept();
  job.settle(SharedJob::End::kDone);
}

CassetteReadings CassetteTier::read() const {
  return {hits_,   misses_,        damaged_,       timeouts_, dropped_lookups_,
          stores_, failed_stores_, dropped_stores_};
}

}  // namespace reprise::cache
