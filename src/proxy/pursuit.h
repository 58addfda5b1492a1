#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/intrusive_list.h"
#include "cache/cassette_job.h"
#include "cache/freshness.h"
#include "cache/inflight_table.h"
#include "cache/lease.h"
#include "cache/segment.h"
#include "cache/shared_job.h"
#include "net/timeout_queue.h"
#include "proxy/keeper.h"
#include "proxy/leadership.h"
#include "proxy/upstream_call.h"
#include "recording/recorder.h"

namespace reprise::proxy {

class PursuitGroup;

// Pursuit: a flight's way to its answer where there is a slower tier than memory: what is held in
// files or in a Memcached, what another process that shares the latter is being answered right now,
// or else upstream. One per crowd.
// Owner: its PursuitGroup. Thread: the group's loop's. It outlives the exchange that caused it for
// as long as the flight has readers.
class Pursuit final : public base::IntrusiveNode {
 public:
  // Reach: how far it goes.
  enum class Reach : uint8_t {
    kFleet,       // everything: look up, join another process's request or lead for all
    kRefresh,     // look up something fresh, else lead for all; nothing if another leads
    kOwnRequest,  // look up, else ask upstream, whoever asks already
    kWhatIsHeld,  // look up, and nothing more
  };
  struct Terms {
    std::shared_ptr<cache::Flight> flight;
    ForwardedRequest request;
    KeepTerms keep;
    cache::Terms directives;  // the leader's: whether what is held will do
    Reach reach = Reach::kFleet;
  };

  Pursuit(PursuitGroup& group, Terms terms);
  ~Pursuit();

  void start();
  // Fails the recording.
  void give_up(recording::FailureReport report);

 private:
  enum class Stage : uint8_t { kReading, kLookingUp, kLeasing, kLookingAgain, kFollowing, kOver };

  // Towards what is held, a lease, or upstream: pursuit.cc.
  void on_job();
  void on_timeout();
  void on_flow();
  void read_file();
  void on_file();
  void look_further();
  void look_up(Stage stage);
  void on_looked_up();
  void take_lease();
  void on_lease_answer();
  void release_lease();
  bool will_do(const cache::Entry& entry) const;
  bool take(const std::shared_ptr<const cache::Entry>& entry, std::string_view tier);
  void hold(std::shared_ptr<const cache::Entry> entry);
  void ask_upstream(std::unique_ptr<Leadership> leadership);
  std::unique_ptr<Leadership> leadership();
  void forget_jobs();
  void over();

  // Behind another process: pursuit_follow.cc.
  void look_for_leader();
  void poll();
  void on_poll();
  bool on_first_sight(const cache::Lease& lease);
  void mark();
  bool take_segments();
  bool take_segment(cache::Segment segment);
  void on_silence(const std::optional<cache::Lease>& lease);
  bool is_overdue() const;
  bool is_purged(const cache::Lease& lease) const;
  void lead_next();
  void on_period();
  void wait_for_readers();
  void lose_leader(const char* why);

  PursuitGroup& group_;
  const std::shared_ptr<cache::Flight> flight_;
  ForwardedRequest request_;
  KeepTerms keep_;
  const cache::Terms directives_;
  const Reach reach_;
  base::Wakeup job_wakeup_;
  base::Wakeup flow_wakeup_;
  recording::Recorder recorder_;
  net::Timeout deadline_;
  net::Timeout period_;
  net::Timeout contact_;  // armed from the first poll that was not answered
  Stage stage_ = Stage::kReading;
  std::shared_ptr<cache::CassetteRead> file_;
  std::shared_ptr<cache::SharedRead> read_;
  std::shared_ptr<cache::SharedWrite> write_;
  Leadership::Claim claim_;  // the lease that we want for ourselves

  // While following.
  std::optional<cache::Lease> leader_;
  uint64_t next_segment_ = 0;
  bool began_ = false;                 // the recording has a head: there is no way back
  std::optional<uint64_t> body_left_;  // bytes that the head announced and that are still to come
  int64_t marked_us_ = 0;
  int64_t news_us_ = 0;     // the leader's last sign of life
  int64_t segment_us_ = 0;  // its last segment
  int leaders_lost_ = 0;
  bool waiting_ = false;  // for our readers
};

}  // namespace reprise::proxy
