#include <llhttp.h>
#include <uv.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

// The ceiling: what libuv and llhttp cost alone. One thread parses every request, head and body,
// and answers the same kilobyte. What a cache adds to this is its own doing.
namespace {

constexpr size_t kReadBytes = 64U << 10;

const std::string& answer() {
  static const std::string bytes = [] {
    const std::string body = R"({"id":"chatcmpl-ceiling","object":"chat.completion","content":")" +
                             std::string(960, 'x') + "\"}";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return bytes;
}

// Connection: one client. Owner: itself, until its handle is closed.
struct Connection {
  uv_tcp_t tcp;
  llhttp_t parser;
  std::string body;
  size_t due = 0;  // whole requests, not yet answered
};

struct Write {
  uv_write_t request;
  std::string bytes;
};

void close_connection(Connection* connection) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&connection->tcp);
  if (uv_is_closing(handle)) return;
  uv_close(handle, [](uv_handle_t* closed) { delete static_cast<Connection*>(closed->data); });
}

// Everything that one read completed is answered by one write.
void reply(Connection* connection) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->tcp);
  std::string many;
  std::string_view bytes = answer();
  if (connection->due > 1) {
    for (size_t i = 0; i < connection->due; ++i) many += answer();
    bytes = many;
  }
  connection->due = 0;
  uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  const int sent = uv_try_write(stream, &buffer, 1);
  if (sent < 0 && sent != UV_EAGAIN) return close_connection(connection);
  const size_t done = sent > 0 ? static_cast<size_t>(sent) : 0;
  if (done == bytes.size()) return;
  auto* write = new Write{{}, std::string(bytes.substr(done))};
  write->request.data = write;
  buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  uv_write(&write->request, stream, &buffer, 1,
           [](uv_write_t* request, int) { delete static_cast<Write*>(request->data); });
}

void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (size == 0) return;
  if (size < 0) return close_connection(connection);
  if (llhttp_execute(&connection->parser, buffer->base, static_cast<size_t>(size)) != HPE_OK) {
    return close_connection(connection);
  }
  if (connection->due > 0) reply(connection);
}

const llhttp_settings_t& settings() {
  static const llhttp_settings_t callbacks = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_body = [](llhttp_t* parser, const char* at, size_t size) {
      static_cast<Connection*>(parser->data)->body.append(at, size);
      return 0;
    };
    made.on_message_complete = [](llhttp_t* parser) {
      auto* connection = static_cast<Connection*>(parser->data);
      connection->body.clear();
      ++connection->due;
      return 0;
    };
    return made;
  }();
  return callbacks;
}

void on_connection(uv_stream_t* listener, int status) {
  if (status != 0) return;
  auto* connection = new Connection;
  uv_tcp_init(listener->loop, &connection->tcp);
  connection->tcp.data = connection;
  llhttp_init(&connection->parser, HTTP_REQUEST, &settings());
  connection->parser.data = connection;
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->tcp);
  if (uv_accept(listener, stream) != 0) return close_connection(connection);
  uv_tcp_nodelay(&connection->tcp, 1);
  uv_read_start(
      stream,
      [](uv_handle_t*, size_t, uv_buf_t* buffer) {
        static char shared[kReadBytes];  // used up before the next read
        *buffer = uv_buf_init(shared, sizeof shared);
      },
      on_read);
}

}  // namespace

// ceiling [PORT]: without one, or 0, a free one is picked.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // who has left shows as an error of the write
  const int port = argc > 1 ? std::atoi(argv[1]) : 0;
  uv_tcp_t listener;
  uv_tcp_init(uv_default_loop(), &listener);
  sockaddr_in where{};
  uv_ip4_addr("127.0.0.1", port, &where);
  if (uv_tcp_bind(&listener, reinterpret_cast<const sockaddr*>(&where), 0) != 0 ||
      uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, on_connection) != 0) {
    std::fprintf(stderr, "ceiling: cannot listen on port %d\n", port);
    return 1;
  }
  int size = sizeof where;
  uv_tcp_getsockname(&listener, reinterpret_cast<sockaddr*>(&where), &size);
  std::printf("listening on 127.0.0.1:%d\n", ntohs(where.sin_port));
  std::fflush(stdout);
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
