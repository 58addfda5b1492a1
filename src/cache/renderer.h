#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cache/memory_tier.h"
#include "cache/shared_job.h"

namespace reprise::cache {

// RenderJob: an entry that somebody waits for in another form. As SharedJob; settled with kDropped
// if too much waits already.
class RenderJob final : public SharedJob {
 public:
  using SharedJob::SharedJob;
  std::shared_ptr<const Entry> entry;  // once settled with kDone: it has the rendition
};

// Renderer: gives entries in other forms than the recorded one. What it makes is made once, however
// many ask, and kept with the entry in memory as far as there is room.
//
// What takes longer than a loop can spare is made by threads of its own.
//
// Owner: Server; outlives the workers. Thread: any.
class Renderer {
 public:
  static constexpr size_t kThreads = 2;
  static constexpr size_t kWaitingMax = 256;  // renditions, not those who wait for them

  // `memory` outlives the renderer. `object_bytes_max` bounds a recorded answer.
  Renderer(MemoryTier& memory, size_t object_bytes_max);
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // True if making it takes well below a millisecond.
  static bool is_quick(const Entry& entry, const openai::Conversion& conversion);

  // `entry`, with its rendition: made now, unless it is there already.
  std::shared_ptr<const Entry> render(const std::shared_ptr<const Entry>& entry,
                                      const openai::Conversion& conversion);

  // The same by another thread, which settles `job`.
  void submit(std::shared_ptr<RenderJob> job, std::shared_ptr<const Entry> entry,
              const openai::Conversion& conversion);

 private:
  // Task: one rendition to be made, and who waits for it.
  struct Task {
    std::shared_ptr<const Entry> entry;
    openai::Conversion conversion;
    std::vector<std::shared_ptr<RenderJob>> jobs;

    bool wanted() const;
  };

  void run();
  std::shared_ptr<const Entry> held_copy(const Entry& entry) const;
  Task* find_locked(const Entry& entry, const openai::Conversion& conversion);
  std::shared_ptr<const Entry> keep(const std::shared_ptr<const Entry>& entry,
                                    const std::shared_ptr<const Rendition>& rendition);

  MemoryTier& memory_;
  const size_t bytes_max_;  // of a rendition
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::unique_ptr<Task>> waiting_;     // guarded by mutex_
  std::vector<std::unique_ptr<Task>> under_way_;  // guarded by mutex_
  bool stopping_ = false;                         // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace reprise::cache
