#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "cache/inflight_table.h"
#include "openai/answer_reader.h"
#include "openai/request.h"
#include "proxy/commons.h"
#include "proxy/leadership.h"
#include "recording/recorder.h"

namespace reprise::proxy {

// KeepTerms: what is known of a question before its answer comes.
struct KeepTerms {
  openai::Asked asked;
  openai::QuestionDetails details;
  int64_t ttl_ms = 0;
  std::unique_ptr<cache::RefreshBook::Refresh> refresh;  // null: somebody waits for the answer
};

// Keeper: judges one answer while it is recorded and remembers it if it is complete and good. Lands
// the question's flight in either case.
// Owner: the upstream call. Thread: its loop's.
class Keeper {
 public:
  enum class Framing : uint8_t { kIntact, kTorn };

  // Everything outlives the keeper. `json` is the thread's.
  Keeper(Commons& commons, base::WorkerMetrics& metrics, openai::AnswerJson& json,
         std::shared_ptr<cache::Flight> flight, KeepTerms terms);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // For the whole fleet, until the answer has ended; null: only for this process.
  void lead_fleet(std::unique_ptr<Leadership> leadership);

  // Both: false if this answer will not be kept, whatever follows.
  [[nodiscard]] bool on_head(const http::ResponseHead& head);
  [[nodiscard]] bool on_body(std::string_view piece);
  // Before the recorder records the end: whoever has seen the last byte finds the entry.
  void on_end(recording::Recorder& recorder, Framing framing);
  // The recording does not hold the whole answer any more.
  void outgrown();
  void give_up(openai::NotStored reason);

 private:
  std::shared_ptr<const cache::Entry> make_entry(recording::Recorder& recorder,
                                                 const openai::Verdict& verdict);
  void store(const std::shared_ptr<const cache::Entry>& entry);
  void land();
  bool still_good();

  Commons& commons_;
  base::WorkerMetrics& metrics_;
  std::shared_ptr<cache::Flight> flight_;
  KeepTerms terms_;
  openai::AnswerReader reader_;
  std::unique_ptr<Leadership> leadership_;  // may be null; goes last, behind the store
  bool settled_ = false;
};

}  // namespace reprise::proxy
