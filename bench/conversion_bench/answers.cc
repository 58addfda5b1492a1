#include "bench/conversion_bench/answers.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "openai/conversion.h"

namespace reprise::bench {

namespace {

using openai::Converted;
using openai::Form;
using openai::Route;

constexpr size_t kNoBound = size_t{1} << 32;
constexpr size_t kCalls = 4;
constexpr std::string_view kPadding = "0aB3xYz7QpL9mW2k";  // of which each piece gets a part

constexpr Form kPlain{.stream = true, .include_usage = true, .include_obfuscation = false};

// Tokens: pieces of text as models send them, as written inside a JSON string.
class Tokens {
 public:
  std::string_view word() { return pick(kWords); }
  std::string_view argument() { return pick(kArguments); }
  // Texts are this much longer than their token, so that its length does not show.
  std::string_view padding() { return kPadding.substr(number() % kPadding.size()); }

 private:
  static constexpr std::array<std::string_view, 24> kWords = {
      " the",    " river", " of",     " light",      " turns", " each",  " small", " stone",
      " into",   " a",     " mirror", " and",        ",",      ".",      " naïve", " waits",
      " silent", "\\n\\n", " hum",    " \\\"copper", "\\\"",   " below", " maps",  " drifting"};
  static constexpr std::array<std::string_view, 12> kArguments = {
      "{\\\"", "path",      "\\\":\\\"", "src", "/",     "main",
      ".py",   "\\\",\\\"", "lines",     " of", "\\\\n", "\\\"}"};

  uint64_t number() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return state_ >> 33;
  }
  template <size_t kCount>
  std::string_view pick(const std::array<std::string_view, kCount>& pieces) {
    return pieces[number() % kCount];
  }

  uint64_t state_ = 1;
};

std::string text_of(size_t tokens) {
  Tokens source;
  std::string text;
  for (size_t i = 0; i < tokens; ++i) text += source.word();
  return text;
}

// Chunks: writes one stream of chunks.
class Chunks {
 public:
  Chunks(std::string_view id, std::string_view object)
      : opening_(fmt::format(R"(data: {{"id":"{}Cm3sT9QvYwXkZb7RfLhN2dPjGe4Ua","object":"{}",)"
                             R"("created":1761661234,"model":"gpt-4o-mini-2024-07-18",)"
                             R"("service_tier":"default","system_fingerprint":"fp_560af6e559",)",
                             id, object)) {}

  void add(std::string_view choice) {
    text_ += opening_;
    text_.append("\"choices\":[").append(choice).append("],\"usage\":null,\"obfuscation\":\"");
    text_.append(tokens_.padding()).append("\"}\n\n");
  }

  std::string finish(size_t tokens) && {
    fmt::format_to(std::back_inserter(text_),
                   "{}\"choices\":[],\"usage\":{{\"prompt_tokens\":120,\"completion_tokens\":{},"
                   "\"total_tokens\":{}}},\"obfuscation\":\"\"}}\n\ndata: [DONE]\n\n",
                   opening_, tokens, tokens + 120);
    return std::move(text_);
  }

  Tokens& tokens() { return tokens_; }

 private:
  const std::string opening_;
  std::string text_;
  Tokens tokens_;
};

std::string delta(std::string_view members, std::string_view reason = "null") {
  return fmt::format(R"({{"index":0,"delta":{{{}}},"logprobs":null,"finish_reason":{}}})", members,
                     reason);
}

std::string chat_stream(size_t tokens) {
  Chunks chunks("chatcmpl-", "chat.completion.chunk");
  chunks.add(delta(R"("role":"assistant","content":"","refusal":null)"));
  for (size_t i = 0; i < tokens; ++i) {
    chunks.add(delta(fmt::format(R"("content":"{}")", chunks.tokens().word())));
  }
  chunks.add(delta("", R"("stop")"));
  return std::move(chunks).finish(tokens);
}

std::string tools_stream(size_t tokens) {
  Chunks chunks("chatcmpl-", "chat.completion.chunk");
  chunks.add(delta(R"("role":"assistant","content":null)"));
  for (size_t call = 0; call < kCalls; ++call) {
    chunks.add(delta(fmt::format(
        R"("tool_calls":[{{"index":{},"id":"call_pT7yXq2vB9sKd4Rm8Wn1Zc{}","type":"function",)"
        R"("function":{{"name":"write_file","arguments":""}}}}])",
        call, call)));
    for (size_t i = 0; i < tokens / kCalls; ++i) {
      chunks.add(
          delta(fmt::format(R"("tool_calls":[{{"index":{},"function":{{"arguments":"{}"}}}}])",
                            call, chunks.tokens().argument())));
    }
  }
  chunks.add(delta("", R"("tool_calls")"));
  return std::move(chunks).finish(tokens);
}

std::string completions_stream(size_t tokens) {
  Chunks chunks("cmpl-", "text_completion");
  const auto add = [&chunks](std::string_view text, std::string_view reason) {
    chunks.add(fmt::format(R"({{"text":"{}","index":0,"logprobs":null,"finish_reason":{}}})", text,
                           reason));
  };
  for (size_t i = 0; i < tokens; ++i) add(chunks.tokens().word(), "null");
  add("", R"("stop")");
  return std::move(chunks).finish(tokens);
}

std::string responses_json(size_t tokens) {
  return fmt::format(
      R"({{"id":"resp_68f1c2d3e4b5a69788f0e1d2c3b4a5968778","object":"response",)"
      R"("created_at":1761661234,"status":"completed","background":false,"error":null,)"
      R"("incomplete_details":null,"instructions":null,"max_output_tokens":null,)"
      R"("model":"gpt-4o-mini-2024-07-18","output":[{{)"
      R"("id":"msg_68f1c2d4a1b0819798e7d6c5b4a3928170","type":"message","status":"completed",)"
      R"("role":"assistant","content":[{{"type":"output_text","annotations":[],"logprobs":[],)"
      R"("text":"{}"}}]}}],"parallel_tool_calls":true,"previous_response_id":null,)"
      R"("reasoning":{{"effort":null,"summary":null}},"service_tier":"default","store":false,)"
      R"("temperature":1.0,"text":{{"format":{{"type":"text"}}}},"tool_choice":"auto","tools":[],)"
      R"("top_p":1.0,"truncation":"disabled","usage":{{"input_tokens":120,"output_tokens":{},)"
      R"("total_tokens":{}}},"user":null,"metadata":{{}}}})",
      text_of(tokens), tokens, tokens + 120);
}

std::string messages_json(size_t tokens) {
  return fmt::format(
      R"({{"id":"msg_01Vx7QmPzR4tYkW9sLdHbN2c","type":"message","role":"assistant",)"
      R"("model":"claude-sonnet-4-5-20250929","content":[{{"type":"text","text":"{}"}}],)"
      R"("stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":120,)"
      R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{}}}}})",
      text_of(tokens), tokens);
}

std::string taken(Converted converted) {
  CHECK(converted);
  return *std::move(converted);
}

// The events are those that an endpoint would send, but for the padding of pieces of text.
std::string responses_stream(size_t tokens) {
  const std::string bare =
      taken(openai::synthesise(Route::kResponses, responses_json(tokens), kPlain, kNoBound));
  constexpr std::string_view kEnd = R"(,"logprobs":[]})";
  Tokens source;
  std::string padded;
  size_t kept = 0;
  for (size_t at = bare.find(R"(,"delta":)"); at != std::string::npos;
       at = bare.find(R"(,"delta":)", kept)) {
    const size_t end = bare.find(kEnd, at) + kEnd.size() - 1;
    padded.append(bare, kept, end - kept).append(",\"obfuscation\":\"");
    padded.append(source.padding()).append(1, '"');
    kept = end;
  }
  return padded.append(bare, kept);
}

std::string messages_stream(size_t tokens) {
  return taken(openai::synthesise(Route::kMessages, messages_json(tokens), kPlain, kNoBound));
}

template <Route kRoute, std::string (*stream)(size_t)>
std::string assembled(size_t tokens) {
  return taken(openai::assemble(kRoute, stream(tokens), kNoBound));
}

}  // namespace

const AnswerKind kAnswerKinds[kAnswerKindCount] = {
    {"chat", Route::kChatCompletions, chat_stream, assembled<Route::kChatCompletions, chat_stream>},
    {"tools", Route::kChatCompletions, tools_stream,
     assembled<Route::kChatCompletions, tools_stream>},
    {"completions", Route::kCompletions, completions_stream,
     assembled<Route::kCompletions, completions_stream>},
    {"responses", Route::kResponses, responses_stream, responses_json},
    {"messages", Route::kMessages, messages_stream, messages_json}};

}  // namespace reprise::bench
