#include "proxy/heartbeat.h"

namespace reprise::proxy {

Heartbeat::Heartbeat(net::TimeoutQueue& queue, size_t event_bytes_max, Callback due, void* owner)
    : queue_(queue), reader_(event_bytes_max), silence_(due, owner) {
  rearm();
}

void Heartbeat::on_sent(std::string_view piece) {
  reader_.feed(piece, [](const http::SseReader::Event&) {});
}

}  // namespace reprise::proxy
