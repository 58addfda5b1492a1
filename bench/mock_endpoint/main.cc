#include <uv.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "bench/mock_endpoint/connection.h"
#include "bench/mock_endpoint/options.h"
#include "bench/mock_endpoint/service.h"

// An OpenAI-compatible endpoint that makes its answers up: the same question always has the same
// content. For tests, the demo and the benchmarks.
namespace {

using reprise::bench::Behaviour;
using reprise::bench::Connection;
using reprise::bench::Service;

struct Address {
  std::string host;
  int port = 0;
};

bool split_address(const std::string& text, Address* address) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  address->host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.size() > 5) return false;
  if (port.find_first_not_of("0123456789") != std::string::npos) return false;
  address->port = std::stoi(port);
  return address->port < 65536;
}

int complain(const char* what, int error) {
  std::fprintf(stderr, "mock_endpoint: %s: %s\n", what, uv_strerror(error));
  return 1;
}

int serve(const Address& address, Service& service) {
  uv_loop_t* loop = uv_default_loop();
  uv_tcp_t listener;
  uv_tcp_init(loop, &listener);
  listener.data = &service;
  sockaddr_in where{};
  int error = uv_ip4_addr(address.host.c_str(), address.port, &where);
  if (error != 0) return complain("--listen", error);
  error = uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&where), 0);
  if (error != 0) return complain("bind", error);
  error = uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096,
                    [](uv_stream_t* handle, int status) {
                      if (status != 0) return;
                      Connection::accept(handle, *static_cast<Service*>(handle->data));
                    });
  if (error != 0) return complain("listen", error);
  int size = sizeof where;
  uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&where), &size);
  std::printf("listening on %s:%d\n", address.host.c_str(), ntohs(where.sin_port));
  std::fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who has left shows as an error of the write
  std::string listen = "127.0.0.1:0";
  std::string failure = "none";
  Behaviour usual;
  CLI::App app("An OpenAI-compatible endpoint that makes its answers up");
  app.add_option("--listen", listen, "IPv4 HOST:PORT; port 0 picks one")->capture_default_str();
  app.add_option("--tokens", usual.tokens, "pieces of an answer")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--rate", usual.tokens_per_second, "tokens per second; 0: at once");
  app.add_option("--size", usual.content_bytes, "bytes of content; 0: as the tokens come");
  app.add_option("--delay", usual.delay_ms, "milliseconds before the head");
  app.add_option("--failure", failure,
                 "reset-before-head, reset-mid, truncate, error-event, no-done or hang");
  CLI11_PARSE(app, argc, argv);
  Address address;
  if (!split_address(listen, &address)) {
    std::fprintf(stderr, "mock_endpoint: --listen %s: expected HOST:PORT\n", listen.c_str());
    return 2;
  }
  const auto named = reprise::bench::failure_named(failure);
  if (!named) {
    std::fprintf(stderr, "mock_endpoint: --failure %s: no such failure\n", failure.c_str());
    return 2;
  }
  usual.failure = *named;
  Service service(usual);
  return serve(address, service);
}
