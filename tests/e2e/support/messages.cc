#include "e2e/support/messages.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace reprise::e2e {
namespace {

constexpr std::string_view kEventOpening =
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
    R"("model":"gpt-test-2024","choices":[)";

std::string with_length(const std::string& head, const std::string& body) {
  return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

std::string chat_body(const Ask& ask) {
  return R"({"model":"gpt-test","messages":[{"role":"user","content":")" + ask.prompt + R"("}])" +
         (ask.stream ? R"(,"stream":true)" : "") + ask.members + "}";
}

std::string chat_request(const Ask& ask) {
  return post(ask.path, chat_body(ask), "Authorization: Bearer " + ask.key + "\r\n" + ask.headers);
}

std::string unique_prompt() {
  static std::atomic<int> counter{0};
  return "question " + std::to_string(getpid()) + "." + std::to_string(counter++);
}

std::string post(const std::string& path, const std::string& body, const std::string& headers) {
  return with_length("POST " + path +
                         " HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Type: application/json\r\n" +
                         headers,
                     body);
}

std::string get(const std::string& path, const std::string& headers) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

std::string json_response(const std::string& body, const std::string& headers) {
  return with_length("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + headers, body);
}

std::string error_response(int status, const std::string& headers) {
  return with_length(
      "HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Type: application/json\r\n" + headers,
      R"({"error":{"message":"no","type":"t","param":null,"code":"c"}})");
}

std::string stream_head(const std::string& headers) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n" + headers +
         "Transfer-Encoding: chunked\r\n\r\n";
}

std::string stream_response(const std::string& events, const std::string& headers) {
  return stream_head(headers) + chunk(events) + std::string(kLastChunk);
}

std::string chat_answer(const std::string& text) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,)"
         R"("model":"gpt-test-2024","choices":[{"index":0,"message":{"role":"assistant",)"
         R"("content":")" +
         text +
         R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
         R"("usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})";
}

std::string chat_event(const std::string& text) {
  return std::string(kEventOpening) + R"({"index":0,"delta":{"content":")" + text +
         R"("},"logprobs":null,"finish_reason":null}]})" + "\n\n";
}

std::string chat_finish(const std::string& reason) {
  return std::string(kEventOpening) + R"({"index":0,"delta":{},"logprobs":null,"finish_reason":")" +
         reason + R"("}]})" + "\n\n";
}

std::string chat_usage() {
  return std::string(kEventOpening) +
         R"(],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})" + "\n\n";
}

std::string chat_stream(const std::vector<std::string>& words) {
  std::string events;
  for (const std::string& word : words) events += chat_event(word);
  return events + chat_finish() + std::string(kDoneEvent);
}

std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

}  // namespace reprise::e2e
