#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/intrusive_list.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timeout_queue.h"
#include "proxy/last_one_out.h"

namespace reprise::proxy {

class TunnelGroup;

// Tunnel: two streams of which each gets what the other says, after a switch of protocols (RFC 9110
// §7.8). A side that ends is ended on the other; the tunnel goes when both have, at an error, or
// after silence in both directions. Owner: its TunnelGroup. Thread: the group's loop's.
class Tunnel final : public base::IntrusiveNode {
 public:
  // Ends: the two streams.
  struct Ends {
    std::unique_ptr<net::Stream> client;
    std::unique_ptr<net::Stream> upstream;
  };
  Tunnel(TunnelGroup& group, Ends ends);
  // What either side had said before the tunnel stood.
  void start(std::string_view from_client, std::string_view from_upstream);
  void close();

 private:
  // Side: one stream and the way from it to the other.
  class Side final : public net::Stream::Handler {
   public:
    Side(Tunnel& tunnel, std::unique_ptr<net::Stream> held)
        : stream(std::move(held)), tunnel_(tunnel) {}
    void send(std::string_view bytes);

    std::unique_ptr<net::Stream> stream;
    Side* other = nullptr;
    bool ended = false;

   private:
    void on_read(std::string_view bytes) override;
    void on_read_end() override;
    void on_stream_error(const base::Error& error) override;
    void on_drained() override;
    Tunnel& tunnel_;
  };
  void touch();

  TunnelGroup& group_;
  Side client_;
  Side upstream_;
  net::Timeout timeout_;
};

// TunnelGroup: the tunnels of one loop.
// Owner: a worker. Thread: its loop's.
class TunnelGroup {
 public:
  TunnelGroup(net::Loop& loop, uint64_t idle_timeout_ms)
      : idle_timeouts(loop, idle_timeout_ms), loop_(loop), open_(loop) {}
  ~TunnelGroup() { cut(); }
  TunnelGroup(const TunnelGroup&) = delete;
  TunnelGroup& operator=(const TunnelGroup&) = delete;

  void start(Tunnel::Ends ends, std::string_view from_client, std::string_view from_upstream);
  void remove(Tunnel& tunnel);
  // Calls back once when no tunnel is left; never from inside.
  void drain(std::function<void()> on_empty) { open_.when_empty(std::move(on_empty)); }
  void cut();

  void set_idle_timeout_ms(uint64_t ms) { idle_timeouts.set_duration_ms(ms); }

  net::TimeoutQueue idle_timeouts;

 private:
  net::Loop& loop_;
  base::IntrusiveList<Tunnel> tunnels_;
  LastOneOut open_;
};

}  // namespace reprise::proxy
