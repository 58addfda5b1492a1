#include "proxy/upstream_pool.h"

#include <utility>

namespace reprise::proxy {

// Idle: a kept connection, watched: whatever it says or however it ends, it is of no use any more.
// Owner: itself, through the pool's list, until taken or dropped.
class UpstreamPool::Idle final : public base::IntrusiveNode, private net::Stream::Handler {
 public:
  Idle(UpstreamPool& pool, std::unique_ptr<net::Stream> held)
      : stream(std::move(held)),
        pool_(pool),
        timeout_([](void* self) noexcept { static_cast<Idle*>(self)->drop(); }, this) {
    stream->set_handler(this);
    stream->resume_reading();
    pool.timeouts_.arm(timeout_);
  }

  std::unique_ptr<net::Stream> take() {
    stream->set_handler(nullptr);
    return std::move(stream);
  }

  std::unique_ptr<net::Stream> stream;

 private:
  void on_read(std::string_view) override { drop(); }
  void on_read_end() override { drop(); }
  void on_stream_error(const base::Error&) override { drop(); }
  void on_drained() override {}
  void drop() { pool_.drop(*this); }

  UpstreamPool& pool_;
  net::Timeout timeout_;
};

UpstreamPool::UpstreamPool(net::Loop& loop, net::TimeoutQueue& timeouts,
                           std::shared_ptr<const Upstream> upstream)
    : loop_(loop), timeouts_(timeouts), upstream_(std::move(upstream)) {}

UpstreamPool::~UpstreamPool() { close_idle(); }

std::unique_ptr<net::Stream> UpstreamPool::take_idle() {
  if (idle_.empty()) return nullptr;
  Idle& last = idle_.back();
  last.unlink();
  --idle_count_;
  std::unique_ptr<net::Stream> stream = last.take();
  loop_.retire(std::unique_ptr<Idle>(&last));
  return stream;
}

void UpstreamPool::keep(std::unique_ptr<net::Stream> stream) {
  if (idle_count_ == kIdleMax) drop(idle_.front());
  auto idle = std::make_unique<Idle>(*this, std::move(stream));
  idle_.push_back(*idle.release());
  ++idle_count_;
}

void UpstreamPool::drop(Idle& idle) {
  if (!idle.linked()) return;
  idle.unlink();
  --idle_count_;
  idle.stream->set_handler(nullptr);
  idle.stream->pause_reading();
  loop_.retire(std::unique_ptr<Idle>(&idle));
}

void UpstreamPool::close_idle() {
  while (!idle_.empty()) drop(idle_.back());
}

}  // namespace reprise::proxy
