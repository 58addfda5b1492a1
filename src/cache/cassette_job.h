#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "cache/entry.h"
#include "cache/shared_job.h"
#include "openai/endpoint.h"
#include "openai/request.h"

namespace reprise::cache {

// CassetteRead: an entry that is looked for in a cassette. `home` is its key. Settled with kFailed
// if there is a file that cannot be used.
class CassetteRead final : public SharedJob {
 public:
  using SharedJob::SharedJob;

  std::optional<base::Sha256> promote;  // what has this proof is remembered in memory, too
  std::shared_ptr<const Entry> entry;   // whatever its proof; null: none
};

// CassetteWrite: a change to a cassette. `home` is the entry's key.
class CassetteWrite final : public SharedJob {
 public:
  enum class Op : uint8_t {
    kStore,  // unless one asked later is there
    kRemove,
    kKeepPurges,
  };

  CassetteWrite(Op what, base::Wakeup* waiter) : SharedJob(waiter), op(what) {}

  const Op op;
  std::shared_ptr<const Entry> entry;  // of kStore
  std::string question;                // its canonical body, or empty
  bool done = false;                   // it is on disk; there was one; purges are on disk

  size_t bytes() const {
    constexpr size_t kBare = sizeof(CassetteWrite) + 64;
    return kBare + question.size() + (entry == nullptr ? 0 : entry->cost_bytes());
  }
};

// KnownQuestion: a question that a cassette can answer.
struct KnownQuestion {
  base::Digest128 key;
  std::string name_space;
  std::string model;
  openai::Form form;  // as it was asked
  std::vector<openai::MemberHash> members;
};

// CassetteScan: the questions of one route that a cassette can answer, for who wants to know which
// is nearest to another one. Every file is opened for that, in no order, until a bound is met; what
// cannot be used is passed over.
class CassetteScan final : public SharedJob {
 public:
  static constexpr size_t kFoundMax = 4096;
  static constexpr int64_t kTimeMs = 2000;

  CassetteScan(openai::Route wanted, base::Wakeup* waiter) : SharedJob(waiter), route(wanted) {}

  const openai::Route route;
  size_t found_max = kFoundMax;
  int64_t time_ms_max = kTimeMs;
  std::vector<KnownQuestion> found;
  bool complete = false;  // every file was looked at
};

}  // namespace reprise::cache
