#include "proxy/tunnel.h"

#include <array>
#include <utility>

namespace reprise::proxy {

namespace {
// What one side may be ahead of the other.
constexpr size_t kUnwrittenMax = 256 * 1024;
}  // namespace

Tunnel::Tunnel(TunnelGroup& group, Ends ends)
    : group_(group),
      client_(*this, std::move(ends.client)),
      upstream_(*this, std::move(ends.upstream)),
      timeout_([](void* self) noexcept { static_cast<Tunnel*>(self)->close(); }, this) {
  client_.other = &upstream_;
  upstream_.other = &client_;
  client_.stream->set_handler(&client_);
  upstream_.stream->set_handler(&upstream_);
}

void Tunnel::start(std::string_view from_client, std::string_view from_upstream) {
  touch();
  upstream_.send(from_client);
  client_.send(from_upstream);
  client_.stream->resume_reading();
  upstream_.stream->resume_reading();
}

void Tunnel::touch() { group_.idle_timeouts.arm(timeout_); }

void Tunnel::close() {
  if (!linked()) return;
  timeout_.disarm();
  for (Side* side : {&client_, &upstream_}) {
    side->stream->set_handler(nullptr);
    side->stream->pause_reading();
  }
  group_.remove(*this);
}

void Tunnel::Side::send(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::array<net::Piece, 1> pieces{net::Piece::transient(bytes)};
  stream->write(pieces);
}

void Tunnel::Side::on_read(std::string_view bytes) {
  tunnel_.touch();
  other->send(bytes);
  if (other->stream->unwritten() >= kUnwrittenMax) stream->pause_reading();
}

void Tunnel::Side::on_read_end() {
  ended = true;
  other->stream->finish();
  if (other->ended && stream->unwritten() == 0 && other->stream->unwritten() == 0) tunnel_.close();
}

void Tunnel::Side::on_stream_error(const base::Error&) { tunnel_.close(); }

void Tunnel::Side::on_drained() {
  tunnel_.touch();
  if (ended && other->ended && other->stream->unwritten() == 0) return tunnel_.close();
  if (!other->ended) other->stream->resume_reading();
}

void TunnelGroup::start(Tunnel::Ends ends, std::string_view from_client,
                        std::string_view from_upstream) {
  auto tunnel = std::make_unique<Tunnel>(*this, std::move(ends));
  tunnels_.push_back(*tunnel);
  open_.enter();
  tunnel.release()->start(from_client, from_upstream);
}

void TunnelGroup::remove(Tunnel& tunnel) {
  tunnel.unlink();
  open_.leave();
  loop_.retire(std::unique_ptr<Tunnel>(&tunnel));
}

void TunnelGroup::cut() {
  while (!tunnels_.empty()) tunnels_.front().close();
}

}  // namespace reprise::proxy
