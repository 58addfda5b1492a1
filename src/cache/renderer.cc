#include "cache/renderer.h"

#include <algorithm>
#include <utility>

namespace reprise::cache {

using openai::Conversion;

namespace {

// A stream is twenty to fifty times the text that it says: one that upstream could not have sent
// within --max-object may still be said of an answer that is recorded.
constexpr size_t kGrowthMax = 8;

// What a loop can spare the time for, in recorded bytes.
constexpr size_t kQuickStreamBytes = size_t{128} << 10;
constexpr size_t kQuickJsonBytes = size_t{16} << 10;

// How often a rendition is put with an entry that others enrich at the same time.
constexpr int kTriesMax = 16;

}  // namespace

Renderer::Renderer(MemoryTier& memory, size_t object_bytes_max)
    : memory_(memory), bytes_max_(object_bytes_max * kGrowthMax) {
  for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

Renderer::~Renderer() {
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (const auto& task : waiting_) {
    for (const auto& job : task->jobs) job->settle(SharedJob::End::kDropped);
  }
}

// Nobody knows what a coded body will be.
bool Renderer::is_quick(const Entry& entry, const Conversion& conversion) {
  if (is_coded(*entry.answer)) return false;
  const bool grows = conversion.step == Conversion::Step::kSynthesise;
  return entry.answer->body().size() <= (grows ? kQuickJsonBytes : kQuickStreamBytes);
}

std::shared_ptr<const Entry> Renderer::render(const std::shared_ptr<const Entry>& entry,
                                              const Conversion& conversion) {
  if (entry->rendition(conversion) != nullptr) return entry;
  std::shared_ptr<const Entry> held = held_copy(*entry);
  if (held != nullptr && held->rendition(conversion) != nullptr) return held;
  return keep(entry, make_rendition(*entry, conversion, bytes_max_));
}

// What memory has of the same recording: a copy that may know more. Null: nothing.
std::shared_ptr<const Entry> Renderer::held_copy(const Entry& entry) const {
  std::shared_ptr<const Entry> held = memory_.look_up(entry.key);
  if (held != nullptr && held->answer != entry.answer) held.reset();
  return held;
}

// Entries are immutable, so one that knows more takes the place of the one that is there.
std::shared_ptr<const Entry> Renderer::keep(const std::shared_ptr<const Entry>& entry,
                                            const std::shared_ptr<const Rendition>& rendition) {
  std::shared_ptr<Entry> richer;
  for (int i = 0; i < kTriesMax; ++i) {
    const std::shared_ptr<const Entry> held = held_copy(*entry);
    const std::shared_ptr<const Entry>& known = held != nullptr ? held : entry;
    if (known->rendition(rendition->conversion) != nullptr) return known;
    richer = std::make_shared<Entry>(*known);
    richer->renditions.push_back(rendition);
    if (held == nullptr || memory_.enrich(*held, richer)) break;
  }
  return richer;
}

bool Renderer::Task::wanted() const {
  return std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return !job->forgotten(); });
}

Renderer::Task* Renderer::find_locked(const Entry& entry, const Conversion& conversion) {
  const auto same = [&](const std::unique_ptr<Task>& task) {
    return task->entry->answer == entry.answer && task->conversion == conversion;
  };
  const auto working = std::find_if(under_way_.begin(), under_way_.end(), same);
  if (working != under_way_.end()) return working->get();
  const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), same);
  return waiting == waiting_.end() ? nullptr : waiting->get();
}

void Renderer::submit(std::shared_ptr<RenderJob> job, std::shared_ptr<const Entry> entry,
                      const Conversion& conversion) {
  {
    std::scoped_lock lock(mutex_);
    Task* task = find_locked(*entry, conversion);
    if (task == nullptr && waiting_.size() < kWaitingMax && !stopping_) {
      waiting_.push_back(std::make_unique<Task>(Task{std::move(entry), conversion, {}}));
      task = waiting_.back().get();
      work_.notify_one();
    }
    if (task != nullptr) {
      task->jobs.push_back(std::move(job));
      return;
    }
  }
  job->settle(SharedJob::End::kDropped);
}

void Renderer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    std::unique_ptr<Task> next = std::move(waiting_.front());
    waiting_.pop_front();
    if (!next->wanted()) continue;
    Task& task = *under_way_.emplace_back(std::move(next));
    lock.unlock();
    const std::shared_ptr<const Entry> entry = render(task.entry, task.conversion);
    lock.lock();
    // Whoever came meanwhile waits for the same.
    const auto at = std::find_if(under_way_.begin(), under_way_.end(),
                                 [&task](const auto& other) { return other.get() == &task; });
    const std::unique_ptr<Task> done = std::move(*at);
    under_way_.erase(at);
    lock.unlock();
    for (const auto& job : done->jobs) {
      job->entry = entry;
      job->settle(SharedJob::End::kDone);
    }
    lock.lock();
  }
}

}  // namespace reprise::cache
