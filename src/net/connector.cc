#include "net/connector.h"

#include <utility>

namespace reprise::net {

// Attempt: one address being connected to. The request owns itself until its callback.
struct Connector::Attempt {
  explicit Attempt(Connector& owner) : connector(&owner) {}
  ~Attempt() {
    if (request != nullptr) request->data = nullptr;
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  Connector* connector;
  UvHandle<TcpStream::Socket> socket;
  uv_connect_t* request = nullptr;
};

Connector::Connector(Loop& loop, Resolver& resolver, Timeouts timeouts, Callback callback)
    : loop_(loop),
      resolver_(resolver),
      timeouts_(timeouts),
      callback_(std::move(callback)),
      whole_(
          [](void* self) noexcept {
            static_cast<Connector*>(self)->fail(ConnectFailure::Step::kTimeout, "timed out");
          },
          this),
      head_start_([](void* self) noexcept { static_cast<Connector*>(self)->try_next(); }, this),
      settle_wakeup_(
          loop,
          [](void* self) noexcept {
            auto* connector = static_cast<Connector*>(self);
            const std::unique_ptr<Outcome> outcome = std::move(connector->outcome_);
            connector->callback_(std::move(*outcome));
          },
          this),
      alive_(std::make_shared<Connector*>(this)) {}

Connector::~Connector() {
  *alive_ = nullptr;
  loop_.cancel(settle_wakeup_);
}

void Connector::start(const Destination& destination, std::unique_ptr<Preface> preface) {
  destination_ = destination;
  preface_ = std::move(preface);
  timeouts_.whole.arm(whole_);
  resolver_.resolve(destination_.host, destination_.port,
                    [alive = alive_](const base::Result<Resolver::Addresses>& addresses) {
                      if (*alive != nullptr) (*alive)->on_resolved(addresses);
                    });
}

void Connector::on_resolved(const base::Result<Resolver::Addresses>& addresses) {
  if (settled_) return;
  if (!addresses) return fail(ConnectFailure::Step::kResolve, addresses.error().detail);
  addresses_ = *addresses;
  try_next();
}

void Connector::try_next() {
  if (next_address_ == addresses_.size()) {
    for (const auto& attempt : attempts_) {
      if (attempt->request != nullptr) return;  // still under way
    }
    return fail(ConnectFailure::Step::kConnect, last_error_);
  }
  const Address& address = addresses_[next_address_++];
  auto attempt = std::make_unique<Attempt>(*this);
  int error = uv_tcp_init(loop_.uv(), &attempt->socket->tcp);
  CHECK(error == 0);
  attempt->socket.opened(attempt.get());
  auto* request = new uv_connect_t{};
  request->data = attempt.get();
  error = uv_tcp_connect(request, &attempt->socket->tcp,
                         reinterpret_cast<const sockaddr*>(&address.storage),
                         [](uv_connect_t* done, int status) {
                           auto* mine = static_cast<Attempt*>(done->data);
                           delete done;
                           if (mine == nullptr) return;
                           mine->request = nullptr;
                           mine->connector->on_connected(*mine, status);
                         });
  if (error != 0) {
    delete request;
    if (error == UV_EMFILE || error == UV_ENFILE) {
      return fail(ConnectFailure::Step::kNoDescriptors, uv_strerror(error));
    }
    last_error_ = uv_strerror(error);
    return try_next();
  }
  attempt->request = request;
  attempts_.push_back(std::move(attempt));
  if (next_address_ < addresses_.size()) timeouts_.head_start.arm(head_start_);
}

void Connector::on_connected(Attempt& attempt, int status) {
  if (settled_ || tcp_ != nullptr || tls_ != nullptr) return;
  if (status == 0)
    return give_stream(std::make_unique<TcpStream>(loop_, std::move(attempt.socket)));
  last_error_ = uv_strerror(status);
  head_start_.disarm();
  try_next();
}

void Connector::give_stream(std::unique_ptr<TcpStream> stream) {
  head_start_.disarm();
  tcp_ = std::move(stream);
  if (preface_ == nullptr) return secure();
  preface_->start(*tcp_, [this](const base::Result<void>& done) { on_preface(done); });
}

void Connector::on_preface(const base::Result<void>& done) {
  if (settled_) return;
  loop_.retire(std::move(preface_));
  if (!done) return fail(ConnectFailure::Step::kConnect, done.error().detail);
  secure();
}

void Connector::secure() {
  if (destination_.tls == nullptr) return settle(Outcome(std::move(tcp_)));
  const std::string& name =
      destination_.tls_host.empty() ? destination_.host : destination_.tls_host;
  tls_ = TlsStream::connect(std::move(tcp_), *destination_.tls, name);
  tls_->set_handler(this);
  tls_->on_handshake([this] {
    if (settled_) return;
    tls_->set_handler(nullptr);
    tls_->pause_reading();  // as a stream is at first
    settle(Outcome(std::move(tls_)));
  });
  tls_->resume_reading();
}

void Connector::on_read_end() {
  fail(ConnectFailure::Step::kTls, "the connection was closed during the handshake");
}

void Connector::on_stream_error(const base::Error& error) {
  fail(ConnectFailure::Step::kTls, error.detail);
}

void Connector::fail(ConnectFailure::Step step, std::string detail) {
  settle(Outcome(tl::unexpect, ConnectFailure{step, std::move(detail)}));
}

void Connector::settle(Outcome outcome) {
  if (std::exchange(settled_, true)) return;
  whole_.disarm();
  head_start_.disarm();
  if (tcp_ != nullptr) tcp_->set_handler(nullptr);
  if (tls_ != nullptr) tls_->set_handler(nullptr);
  outcome_ = std::make_unique<Outcome>(std::move(outcome));
  loop_.wake(settle_wakeup_);
}

}  // namespace reprise::net
