#include "e2e/support/scripted_upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace reprise::e2e {
namespace {

// What is kept of the bytes received; enough for every test that looks at them.
constexpr size_t kReceivedMax = 4 * 1024 * 1024;

// A peer that takes nothing for this long counts as blocked. Too short only weakens the test
// that asks; it cannot fail by it.
constexpr std::chrono::milliseconds kBlocked{400};

int listen_on_loopback(uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, name, size) != 0 || listen(fd, 1024) != 0 ||
      getsockname(fd, name, &size) != 0) {
    throw HarnessError("the scripted upstream cannot listen");
  }
  *port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Connection connection, size_t number,
                                       ScriptedUpstream& upstream)
    : connection_(std::move(connection)), number_(number), upstream_(upstream) {}

bool UpstreamConnection::fill() {
  const size_t before = buffer_.size();
  const Arrival got = connection_.receive(buffer_, 4 * kPatience);
  upstream_.record_bytes(std::string_view(buffer_).substr(before));
  return got == Arrival::kBytes;
}

Request UpstreamConnection::read_head() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) throw ScriptOver();
  }
  const std::string raw = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  const auto head = parse_head(raw);
  if (!head) throw HarnessError("the proxy sent a bad head: " + raw);
  decoder_ = decoder_of_request(*head);
  Request request;
  request.method = head->first;
  request.target = head->second;
  request.version = head->third;
  request.raw_head = head->raw;
  request.fields = head->fields;
  request.framing = decoder_.framing();
  SSL* const tls = connection_.tls();
  request.tls_resumed = tls != nullptr && SSL_session_reused(tls) == 1;
  return request;
}

std::string UpstreamConnection::read_some() {
  for (;;) {
    std::string piece;
    decoder_.decode(buffer_, piece);
    if (decoder_.bad()) throw HarnessError("the proxy framed a body badly: " + buffer_);
    if (!piece.empty() || decoder_.done()) return piece;
    if (!fill()) throw ScriptOver();
  }
}

Request UpstreamConnection::read_request() {
  Request request = read_head();
  for (std::string piece = read_some(); !piece.empty(); piece = read_some()) request.body += piece;
  request.trailers = decoder_.trailers();
  request.chunks = decoder_.chunks();
  upstream_.record(request);
  return request;
}

void UpstreamConnection::send(std::string_view bytes) {
  if (!connection_.send(bytes, 4 * kPatience)) throw ScriptOver();
}

void UpstreamConnection::send_pieces(const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) send(piece);
}

bool UpstreamConnection::send_until_blocked(uint64_t bytes_max) {
  const std::string block(64 * 1024, 'x');
  for (uint64_t sent = 0; sent < bytes_max; sent += block.size()) {
    if (!connection_.send(block, kBlocked)) return true;
  }
  return false;
}

void UpstreamConnection::wait(const Latch& latch) {
  if (!connection_.wait_readable(latch.fd(), 4 * kPatience)) throw ScriptOver();
}

std::string UpstreamConnection::read_raw() {
  if (buffer_.empty() && !fill()) return "";
  return std::exchange(buffer_, std::string());
}

Arrival UpstreamConnection::wait_closed() {
  for (;;) {
    buffer_.clear();
    const Arrival got = connection_.receive(buffer_);
    if (got != Arrival::kBytes) return got;
  }
}

ScriptedUpstream::ScriptedUpstream(Script script, SSL_CTX* tls)
    : script_(std::move(script)), tls_(tls), listen_fd_(listen_on_loopback(&port_)) {
  accepting_ = std::thread([this] { accept_all(); });
}

ScriptedUpstream::~ScriptedUpstream() {
  stop_.release();
  accepting_.join();
  join_finished(true);
  close(listen_fd_);
}

std::string ScriptedUpstream::url() const {
  return (tls_ != nullptr ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_);
}

void ScriptedUpstream::accept_all() {
  std::array<pollfd, 2> waiting{pollfd{listen_fd_, POLLIN, 0}, pollfd{stop_.fd(), POLLIN, 0}};
  while (!stop_.released()) {
    poll(waiting.data(), waiting.size(), -1);
    if (waiting[0].revents == 0) continue;
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    join_finished(false);
    size_t number = 0;
    {
      const std::lock_guard lock(mu_);
      number = connections_++;
      ++open_;
    }
    changed_.notify_all();
    Served& served = served_.emplace_back();
    served.thread = std::thread([this, &served, fd, number] {
      serve(fd, number);
      served.over = true;
    });
  }
}

void ScriptedUpstream::serve(int fd, size_t number) {
  {
    Connection connection(fd, stop_.fd());
    if (tls_ == nullptr || connection.accept_tls(tls_)) {
      UpstreamConnection served(std::move(connection), number, *this);
      try {
        script_(served);
      } catch (const ScriptOver&) {
        // Expected; see there.
      } catch (const HarnessError& error) {
        std::fprintf(stderr, "scripted upstream: %s\n", error.what());
        std::abort();  // fails the test at once, wherever it is
      }
    }
  }
  const std::lock_guard lock(mu_);
  --open_;
  changed_.notify_all();
}

void ScriptedUpstream::join_finished(bool all) {
  for (auto it = served_.begin(); it != served_.end();) {
    if (!all && !it->over) {
      ++it;
      continue;
    }
    it->thread.join();
    it = served_.erase(it);
  }
}

void ScriptedUpstream::record(const Request& request) {
  {
    const std::lock_guard lock(mu_);
    requests_.push_back(request);
  }
  changed_.notify_all();
}

void ScriptedUpstream::record_bytes(std::string_view bytes) {
  const std::lock_guard lock(mu_);
  if (received_.size() + bytes.size() <= kReceivedMax) received_ += bytes;
}

size_t ScriptedUpstream::connections() const {
  const std::lock_guard lock(mu_);
  return connections_;
}

size_t ScriptedUpstream::requests() const {
  const std::lock_guard lock(mu_);
  return requests_.size();
}

std::string ScriptedUpstream::received() const {
  const std::lock_guard lock(mu_);
  return received_;
}

void ScriptedUpstream::wait_for_requests(size_t count) const {
  std::unique_lock lock(mu_);
  if (!changed_.wait_for(lock, kPatience, [&] { return requests_.size() >= count; })) {
    throw HarnessError("the endpoint got " + std::to_string(requests_.size()) +
                       " requests and not " + std::to_string(count));
  }
}

void ScriptedUpstream::wait_for_open_connections(size_t count) const {
  std::unique_lock lock(mu_);
  if (!changed_.wait_for(lock, kPatience, [&] { return open_ == count; })) {
    throw HarnessError("the endpoint has " + std::to_string(open_) + " connections open and not " +
                       std::to_string(count));
  }
}

Request ScriptedUpstream::request(size_t index) const {
  wait_for_requests(index + 1);
  const std::lock_guard lock(mu_);
  return requests_[index];
}

ScriptedUpstream::Script each_request(std::function<std::string(const Request&)> answer) {
  return [answer = std::move(answer)](UpstreamConnection& connection) {
    for (;;) connection.send(answer(connection.read_request()));
  };
}

ScriptedUpstream::Script always(std::string answer) {
  return each_request([answer = std::move(answer)](const Request&) { return answer; });
}

}  // namespace reprise::e2e
