#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reprise::e2e {

// Ask: one chat question. Whatever a test does not name is harmless.
struct Ask {
  std::string prompt = "What is the answer?";
  bool stream = false;
  std::string members = {};  // more JSON members, each with a leading comma
  std::string headers = {};  // more header lines, each with its CRLF
  std::string key = "sk-alice";
  std::string path = "/v1/chat/completions";
};

std::string chat_body(const Ask& ask);
std::string chat_request(const Ask& ask = {});

// A prompt that no other call returned.
std::string unique_prompt();

std::string post(const std::string& path, const std::string& body, const std::string& headers = "");
std::string get(const std::string& path, const std::string& headers = "");

// The endpoint's answers.
std::string json_response(const std::string& body, const std::string& headers = "");
std::string error_response(int status, const std::string& headers = "");
std::string stream_head(const std::string& headers = "");  // chunked
std::string stream_response(const std::string& events, const std::string& headers = "");

// A complete chat completion that says `text`.
std::string chat_answer(const std::string& text);

// The events of a stream.
std::string chat_event(const std::string& text);
std::string chat_finish(const std::string& reason = "stop");
std::string chat_usage();
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";
// All of them: one event per word, the finish, [DONE].
std::string chat_stream(const std::vector<std::string>& words);

// Framing.
std::string chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace reprise::e2e
