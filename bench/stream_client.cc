#include <uv.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Asks for many streams at once, each question another, and measures how old each token is when it
// arrives: the mock endpoint stamps them when X-Mock-Stamp asks it to.
namespace {

constexpr std::string_view kStamp = ": sent ";
constexpr std::string_view kEnd = "data: [DONE]";

struct Options {
  std::string host = "127.0.0.1";
  int port = 0;
  int streams = 100;
  int seconds = 5;
  int tokens = 100;
  int rate = 40;
  std::string seed = "0";
};

// Tally: what all streams have seen.
struct Tally {
  std::vector<uint32_t> ages_us;
  uint64_t streams = 0;
  uint64_t failures = 0;
};

// Stream: one connection that asks one question after the other. Owner: main.
class Stream {
 public:
  Stream(uv_loop_t* loop, const Options& options, int number, Tally& tally)
      : options_(options), number_(number), tally_(tally) {
    uv_tcp_init(loop, &tcp_);
    tcp_.data = connect_.data = write_.data = this;
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void connect() {
    sockaddr_in where{};
    uv_ip4_addr(options_.host.c_str(), options_.port, &where);
    uv_tcp_connect(&connect_, &tcp_, reinterpret_cast<const sockaddr*>(&where),
                   [](uv_connect_t* request, int status) {
                     static_cast<Stream*>(request->data)->on_connected(status);
                   });
  }

 private:
  void on_connected(int status) {
    if (status != 0) return fail();
    uv_tcp_nodelay(&tcp_, 1);
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(&tcp_),
        [](uv_handle_t*, size_t, uv_buf_t* buffer) {
          static char shared[64 << 10];  // used up before the next read
          *buffer = uv_buf_init(shared, sizeof shared);
        },
        [](uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
          static_cast<Stream*>(stream->data)->on_read(size, buffer->base);
        });
    ask();
  }

  void ask() {
    const std::string body = R"({"model":"mock-1","stream":true,"messages":[{"role":"user",)"
                             R"("content":"stream )" +
                             options_.seed + "-" + std::to_string(number_) + "-" +
                             std::to_string(asked_++) + "\"}]}";
    request_ =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer sk-bench\r\n"
        "Content-Type: application/json\r\nX-Mock-Stamp: 1\r\nX-Mock-Tokens: " +
        std::to_string(options_.tokens) + "\r\nX-Mock-Rate: " + std::to_string(options_.rate) +
        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    uv_buf_t buffer = uv_buf_init(request_.data(), static_cast<unsigned>(request_.size()));
    uv_write(&write_, reinterpret_cast<uv_stream_t*>(&tcp_), &buffer, 1, nullptr);
  }

  // Whole lines are looked at; the rest waits for its end.
  void on_read(ssize_t size, const char* bytes) {
    if (size == 0) return;
    if (size < 0) return fail();
    text_.append(bytes, static_cast<size_t>(size));
    const uint64_t now_us = uv_hrtime() / 1000;
    size_t from = 0;
    for (size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', from)) {
      on_line(std::string_view(text_).substr(from, end - from), now_us);
      from = end + 1;
    }
    text_.erase(0, from);
  }

  void on_line(std::string_view line, uint64_t now_us) {
    if (line.starts_with(kStamp)) {
      uint64_t sent_us = 0;
      line.remove_prefix(kStamp.size());
      std::from_chars(line.data(), line.data() + line.size(), sent_us);
      tally_.ages_us.push_back(static_cast<uint32_t>(now_us - std::min(sent_us, now_us)));
    } else if (line.starts_with(kEnd)) {
      ended_ = true;
    } else if (ended_ && line == "0\r") {
      // The last chunk: the connection is free for the next question.
      ended_ = false;
      ++tally_.streams;
      ask();
    }
  }

  void fail() {
    ++tally_.failures;
    uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), nullptr);
  }

  const Options& options_;
  int number_;
  Tally& tally_;
  uv_tcp_t tcp_;
  uv_connect_t connect_;
  uv_write_t write_;
  std::string request_;
  std::string text_;
  uint64_t asked_ = 0;
  bool ended_ = false;
};

// tokens, microseconds, failures, mean, median and 99th percentile of the tokens' ages
void report(Tally& tally, uint64_t duration_us) {
  std::vector<uint32_t>& ages = tally.ages_us;
  std::sort(ages.begin(), ages.end());
  uint64_t sum = 0;
  for (const uint32_t age : ages) sum += age;
  const size_t count = ages.size();
  if (ages.empty()) ages.push_back(0);
  std::printf("RESULT %zu %lu %lu %.1f %u %u\n", count, duration_us, tally.failures,
              static_cast<double>(sum) / static_cast<double>(ages.size()), ages[ages.size() / 2],
              ages[ages.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who has left shows as an error of the write
  Options options;
  CLI::App app("Many streams at once, and how old their tokens are on arrival");
  app.add_option("--port", options.port)->required();
  app.add_option("--streams", options.streams)->check(CLI::Range(1, 50000));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 3600));
  app.add_option("--tokens", options.tokens)->check(CLI::Range(1, 100000));
  app.add_option("--rate", options.rate)->check(CLI::Range(1, 1000));
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);

  uv_loop_t* loop = uv_default_loop();
  Tally tally;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < options.streams; ++i) {
    streams.push_back(std::make_unique<Stream>(loop, options, i, tally));
    streams.back()->connect();
  }
  uv_timer_t end;
  uv_timer_init(loop, &end);
  uv_timer_start(
      &end, [](uv_timer_t* timer) { uv_stop(timer->loop); },
      static_cast<uint64_t>(options.seconds) * 1000, 0);
  const uint64_t began_us = uv_hrtime() / 1000;
  uv_run(loop, UV_RUN_DEFAULT);
  report(tally, uv_hrtime() / 1000 - began_us);
  std::fflush(stdout);
  std::_Exit(tally.failures == 0 ? 0 : 1);  // the system closes what is still open
}
