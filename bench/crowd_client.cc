#include <llhttp.h>
#include <uv.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A crowd: many clients, spread over several servers, ask one question at the same moment, as a
// stream. Measures how far apart they hear of the answer, and that all get the same one.
namespace {

constexpr uint64_t kPatienceMs = 30000;

struct Options {
  std::vector<int> ports;
  int clients = 200;
  std::string question = "0";
};

class Client;

// Crowd: everybody, and where they stand. Owner: main.
struct Crowd {
  uv_loop_t* loop = nullptr;
  std::string request;
  std::vector<std::unique_ptr<Client>> clients;
  size_t connected = 0;
  size_t ended = 0;
  size_t failures = 0;
  uint64_t asked_us = 0;

  void on_connected();
  void on_ended(bool well);
};

uint64_t now_us() { return uv_hrtime() / 1000; }

// Client: one of the crowd. Owner: Crowd.
class Client {
 public:
  explicit Client(Crowd& crowd) : crowd_(crowd) {
    uv_tcp_init(crowd.loop, &tcp_);
    tcp_.data = connect_.data = this;
    llhttp_init(&parser_, HTTP_RESPONSE, &settings());
    parser_.data = this;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void connect(int port) {
    sockaddr_in where{};
    uv_ip4_addr("127.0.0.1", port, &where);
    uv_tcp_connect(&connect_, &tcp_, reinterpret_cast<const sockaddr*>(&where),
                   [](uv_connect_t* request, int status) {
                     static_cast<Client*>(request->data)->on_connected(status);
                   });
  }

  void ask() {
    uv_buf_t buffer =
        uv_buf_init(crowd_.request.data(), static_cast<unsigned>(crowd_.request.size()));
    uv_write(&write_, stream(), &buffer, 1, nullptr);
  }

  uint64_t first_byte_us() const { return first_byte_us_; }
  uint64_t ended_us() const { return ended_us_; }
  const std::string& body() const { return body_; }

 private:
  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t callbacks = [] {
      llhttp_settings_t made;
      llhttp_settings_init(&made);
      made.on_body = [](llhttp_t* parser, const char* at, size_t size) {
        static_cast<Client*>(parser->data)->body_.append(at, size);
        return 0;
      };
      made.on_message_complete = [](llhttp_t* parser) {
        static_cast<Client*>(parser->data)->end(parser->status_code == 200);
        return 0;
      };
      return made;
    }();
    return callbacks;
  }

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp_); }

  void on_connected(int status) {
    if (status != 0) return end(false);
    uv_tcp_nodelay(&tcp_, 1);
    uv_read_start(
        stream(),
        [](uv_handle_t*, size_t, uv_buf_t* buffer) {
          static char shared[64 << 10];  // used up before the next read
          *buffer = uv_buf_init(shared, sizeof shared);
        },
        [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
          static_cast<Client*>(handle->data)->on_read(size, buffer->base);
        });
    crowd_.on_connected();
  }

  void on_read(ssize_t size, const char* bytes) {
    if (size == 0 || ended_us_ != 0) return;
    if (size < 0) return end(false);
    if (first_byte_us_ == 0) first_byte_us_ = now_us();
    if (llhttp_execute(&parser_, bytes, static_cast<size_t>(size)) != HPE_OK) end(false);
  }

  void end(bool well) {
    if (ended_us_ != 0) return;
    ended_us_ = now_us();
    crowd_.on_ended(well);
  }

  Crowd& crowd_;
  uv_tcp_t tcp_;
  uv_connect_t connect_;
  uv_write_t write_;
  llhttp_t parser_;
  std::string body_;
  uint64_t first_byte_us_ = 0;
  uint64_t ended_us_ = 0;
};

// Nobody asks before everybody can.
void Crowd::on_connected() {
  if (++connected < clients.size()) return;
  asked_us = now_us();
  for (const auto& client : clients) client->ask();
}

void Crowd::on_ended(bool well) {
  if (!well) ++failures;
  if (++ended == clients.size() || asked_us == 0) uv_stop(loop);
}

std::string request_for(const std::string& question) {
  const std::string body =
      R"({"model":"mock-1","stream":true,"messages":[{"role":"user","content":"crowd )" + question +
      "\"}]}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer sk-bench\r\n"
         "Content-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// microseconds from asking to the first client's first byte, from there to the last client's, and
// from the first client's end to the last client's; failures
void report(Crowd& crowd) {
  std::vector<uint64_t> heard;
  std::vector<uint64_t> ended;
  const std::string& whole = crowd.clients.front()->body();
  for (const auto& client : crowd.clients) {
    heard.push_back(client->first_byte_us());
    ended.push_back(client->ended_us());
    const bool same = client->body() == whole && whole.find("[DONE]") != std::string::npos;
    if (!same || client->ended_us() == 0) ++crowd.failures;
  }
  const auto [first, last] = std::minmax_element(heard.begin(), heard.end());
  const auto [first_end, last_end] = std::minmax_element(ended.begin(), ended.end());
  std::printf("RESULT %lu %lu %lu %zu\n", *first - crowd.asked_us, *last - *first,
              *last_end - *first_end, crowd.failures);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who has left shows as an error of the write
  Options options;
  CLI::App app("Many clients ask several servers one question at the same moment");
  app.add_option("--ports", options.ports)->delimiter(',')->required();
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 10000));
  app.add_option("--question", options.question, "what makes it another question");
  CLI11_PARSE(app, argc, argv);

  Crowd crowd;
  crowd.loop = uv_default_loop();
  crowd.request = request_for(options.question);
  for (int i = 0; i < options.clients; ++i) {
    crowd.clients.push_back(std::make_unique<Client>(crowd));
  }
  for (size_t i = 0; i < crowd.clients.size(); ++i) {
    crowd.clients[i]->connect(options.ports[i % options.ports.size()]);
  }
  uv_timer_t end;
  uv_timer_init(crowd.loop, &end);
  uv_timer_start(
      &end, [](uv_timer_t* timer) { uv_stop(timer->loop); }, kPatienceMs, 0);
  uv_run(crowd.loop, UV_RUN_DEFAULT);
  report(crowd);
  std::fflush(stdout);
  std::_Exit(crowd.failures == 0 ? 0 : 1);  // the system closes what is still open
}
