#include "e2e/support/forms.h"

#include "e2e/support/checks.h"

namespace reprise::e2e {

std::string stream_options(bool usage, std::optional<bool> obfuscation) {
  std::string text =
      std::string(R"(,"stream_options":{"include_usage":)") + (usage ? "true" : "false");
  if (obfuscation) {
    text += std::string(R"(,"include_obfuscation":)") + (*obfuscation ? "true" : "false");
  }
  return text + "}";
}

std::string ask_json(const std::string& headers) { return chat_request({.headers = headers}); }

std::string ask_stream(const std::string& headers) {
  return chat_request({.stream = true, .headers = headers});
}

std::string ask_usage(const std::string& headers) {
  return chat_request({.stream = true, .members = stream_options(true), .headers = headers});
}

std::string ask_bare(const std::string& headers) {
  return chat_request(
      {.stream = true, .members = stream_options(false, false), .headers = headers});
}

bool wants_stream(const Request& request) { return contains(request.body, R"("stream":true)"); }

bool wants_usage(const Request& request) {
  return contains(request.body, R"("include_usage":true)");
}

std::string assembled(const std::string& text) {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,)"
         R"("model":"gpt-test-2024","choices":[{"index":0,"message":{"role":"assistant",)"
         R"("content":")" +
         text + R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}]})";
}

std::string two_words(bool usage) { return chat_event("one") + two_words_rest(usage); }

std::string two_words_rest(bool usage) {
  return chat_event(" two") + chat_finish() + (usage ? chat_usage() : "") + std::string(kDoneEvent);
}

std::string two_ids() {
  const std::string opening = R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":)";
  return opening +
         R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]})" +
         "\n\n" + opening + R"({"tool_calls":[{"index":0,"id":"b"}]}}]})" + "\n\n" + opening +
         R"({},"finish_reason":"tool_calls"}]})" + "\n\n" + std::string(kDoneEvent);
}

ScriptedUpstream::Script HeldForms::script(const std::string& headers) {
  return [this, headers](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      if (wants_stream(request)) {
        connection.send(stream_head(headers) + chunk(chat_event("one")));
        connection.wait(rest);
        connection.send(chunk(two_words_rest(wants_usage(request))) + std::string(kLastChunk));
        continue;
      }
      const std::string answer = json_response(chat_answer("one two"));
      connection.send(answer.substr(0, answer.size() - 20));
      connection.wait(rest);
      connection.send(answer.substr(answer.size() - 20));
    }
  };
}

}  // namespace reprise::e2e
