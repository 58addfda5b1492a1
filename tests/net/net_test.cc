#include "net/net_test.h"

#include <csignal>

#include "net/connector.h"

namespace reprise::net {

namespace {

constexpr uint64_t kPatienceMs = 30'000;

}  // namespace

void Reader::on_read(std::string_view read) {
  EXPECT_FALSE(over());
  EXPECT_FALSE(in_call);
  EXPECT_FALSE(read.empty());
  ++reads;
  bytes += read;
  if (after_read) after_read();
}

void Reader::on_read_end() {
  EXPECT_FALSE(over());
  EXPECT_FALSE(in_call);
  ended = true;
  if (after_end) after_end();
}

void Reader::on_stream_error(const base::Error& failure) {
  EXPECT_EQ(error, "");
  EXPECT_FALSE(in_call);
  error = failure.detail.empty() ? "without a word" : failure.detail;
  if (after_end) after_end();
}

std::string pattern(size_t size) {
  std::string made(size, '\0');
  uint32_t state = 2463534242;
  for (char& byte : made) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<char>(state);
  }
  return made;
}

void write(Stream& stream, std::string_view bytes) {
  const Piece piece = Piece::transient(bytes);
  stream.write({&piece, 1});
}

// As the proxy's main does.
NetTest::NetTest() { std::signal(SIGPIPE, SIG_IGN); }

void NetTest::run_until(const std::function<bool()>& done) {
  UvHandle<uv_timer_t> patience;
  ASSERT_EQ(uv_timer_init(loop_.uv(), patience.get()), 0);
  bool out = false;
  patience.opened(&out);
  uv_timer_start(
      patience.get(), [](uv_timer_t* timer) { *static_cast<bool*>(timer->data) = true; },
      kPatienceMs, 0);
  while (!done() && !out) {
    uv_run(loop_.uv(), UV_RUN_NOWAIT);  // what is due already may be all
    if (!done()) uv_run(loop_.uv(), UV_RUN_ONCE);
  }
  ASSERT_TRUE(done()) << "waited in vain";
}

void NetTest::run_turns() {
  for (int i = 0; i < 20; ++i) uv_run(loop_.uv(), UV_RUN_NOWAIT);
}

Ends NetTest::connect() {
  Ends ends;
  Listener listener(
      loop_, [&ends](std::unique_ptr<TcpStream> stream) { ends.server = std::move(stream); });
  auto sockets = bind_tcp("127.0.0.1", 0, 1);
  EXPECT_TRUE(sockets && listener.start(sockets->front()));
  Resolver resolver(loop_);
  TimeoutQueue whole(loop_, kPatienceMs);
  TimeoutQueue head_start(loop_, kPatienceMs);
  Connector connector(loop_, resolver, {whole, head_start}, [&ends](Connector::Outcome outcome) {
    ASSERT_TRUE(outcome) << outcome.error().detail;
    ends.client.reset(static_cast<TcpStream*>(outcome->release()));
  });
  const std::string& address = sockets->front().address;
  connector.start({"127.0.0.1",
                   static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))),
                   nullptr});
  run_until([&ends] { return ends.client != nullptr && ends.server != nullptr; });
  return ends;
}

}  // namespace reprise::net
