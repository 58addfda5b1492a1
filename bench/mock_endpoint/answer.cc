#include "bench/mock_endpoint/answer.h"

#include <fmt/format.h>

#include <bit>

#include "bench/mock_endpoint/text.h"

namespace reprise::bench {

namespace {

std::string embedding(const Question& question, std::string_view input) {
  Words numbers(seed_of(input) ^ question.dimensions);
  std::string bytes;
  std::string list = "[";
  for (uint32_t i = 0; i < question.dimensions; ++i) {
    const float value = static_cast<float>(numbers.number() % 2001) / 1000.0F - 1.0F;
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xff);
    list += fmt::format("{}{}", i == 0 ? "" : ",", value);
  }
  return question.base64 ? quoted(base64(bytes)) : list + "]";
}

Answer embeddings_answer(const Asking& asking) {
  const Question& question = asking.question;
  Answer answer;
  answer.body = R"({"object":"list","data":[)";
  for (size_t i = 0; i < question.inputs.size(); ++i) {
    answer.body += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":{}}})",
                               i == 0 ? "" : ",", i, embedding(question, question.inputs[i]));
  }
  answer.body +=
      fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                  quoted(question.model), question.prompt_tokens, question.prompt_tokens);
  return answer;
}

Answer moderations_answer(const Asking& asking) {
  Answer answer;
  answer.body = fmt::format(R"({{"id":{},"model":{},"results":[)", quoted(asking.id("modr-")),
                            quoted(asking.question.model));
  for (size_t i = 0; i < asking.question.inputs.size(); ++i) {
    const double score = static_cast<double>(seed_of(asking.question.inputs[i]) % 500) / 1000.0;
    answer.body +=
        fmt::format(R"({}{{"flagged":false,"categories":{{"hate":false,"violence":false}},)"
                    R"("category_scores":{{"hate":{},"violence":{}}}}})",
                    i == 0 ? "" : ",", score, score / 2);
  }
  answer.body += "]}";
  return answer;
}

Answer rerank_answer(const Asking& asking) {
  Answer answer;
  answer.body = fmt::format(
      R"({{"id":{},"model":{},"results":[{{"index":0,"relevance_score":{}}}],)"
      R"("usage":{{"total_tokens":{}}}}})",
      quoted(asking.id("rerank-")), quoted(asking.question.model),
      static_cast<double>(asking.question.seed % 1000) / 1000.0, asking.question.prompt_tokens);
  return answer;
}

Answer models_answer() {
  Answer answer;
  answer.body = R"({"object":"list","data":[{"id":"mock-1","object":"model","created":1700000000,)"
                R"("owned_by":"reprise"},{"id":"mock-2","object":"model","created":1700000000,)"
                R"("owned_by":"reprise"}]})";
  return answer;
}

Answer plain_json(std::string body) {
  Answer answer;
  answer.body = std::move(body);
  return answer;
}

Answer whole_answer(const Asking& asking) {
  switch (asking.question.endpoint) {
    case Endpoint::kChatCompletions:
      return chat_answer(asking);
    case Endpoint::kCompletions:
      return completions_answer(asking);
    case Endpoint::kResponses:
      return responses_answer(asking);
    case Endpoint::kMessages:
      return messages_answer(asking);
    case Endpoint::kEmbeddings:
      return embeddings_answer(asking);
    case Endpoint::kModerations:
      return moderations_answer(asking);
    case Endpoint::kRerank:
      return rerank_answer(asking);
    case Endpoint::kModels:
      return models_answer();
    case Endpoint::kHealth:
      return plain_json(R"({"status":"ok"})");
    case Endpoint::kResponsesInputTokens:
      return plain_json(fmt::format(R"({{"object":"response.input_tokens","input_tokens":{}}})",
                                    asking.question.prompt_tokens));
    case Endpoint::kMessagesCountTokens:
      return plain_json(fmt::format(R"({{"input_tokens":{}}})", asking.question.prompt_tokens));
    case Endpoint::kUnknown:
      break;
  }
  return error_answer(404, "no such route");
}

// The error takes the place of the second half; what ends the stream still comes.
void break_off_with_error(Answer* answer) {
  constexpr std::string_view kError =
      R"({"error":{"message":"the model gave up","type":"server_error",)"
      R"("param":null,"code":"mock"}})";
  if (answer->events.empty()) {
    answer->body = kError;
    return;
  }
  const bool marked = answer->events.back().bytes == "data: [DONE]\n\n";
  answer->events.resize(answer->events.size() / 2);
  answer->events.push_back(event("", kError, true));
  if (marked) answer->events.push_back(event("", "[DONE]"));
}

std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

}  // namespace

std::optional<Failure> failure_named(std::string_view name) {
  if (name == "none") return Failure::kNone;
  if (name == "reset-before-head") return Failure::kResetBeforeHead;
  if (name == "reset-mid") return Failure::kResetMid;
  if (name == "truncate") return Failure::kTruncate;
  if (name == "error-event") return Failure::kErrorEvent;
  if (name == "no-done") return Failure::kNoDone;
  if (name == "hang") return Failure::kHang;
  return std::nullopt;
}

std::optional<Manner> manner_named(std::string_view name) {
  if (name == "plain") return Manner::kPlain;
  if (name == "refusing") return Manner::kRefusing;
  if (name == "citing") return Manner::kCiting;
  if (name == "cut") return Manner::kCut;
  return std::nullopt;
}

std::string Asking::id(std::string_view prefix, size_t number) const {
  std::string id = fmt::format("{}mock{:08x}", prefix, serial);
  if (number > 0) id += fmt::format("_{}", number);
  return id;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

Event event(std::string_view name, std::string_view payload, bool token) {
  if (name.empty()) return {fmt::format("data: {}\n\n", payload), token};
  return {fmt::format("event: {}\ndata: {}\n\n", name, payload), token};
}

Answer error_answer(int status, std::string_view message) {
  Answer answer;
  answer.status = status;
  answer.body =
      fmt::format(R"({{"error":{{"message":{},"type":"{}","param":null,"code":"mock_{}"}}}})",
                  quoted(message), error_type(status), status);
  return answer;
}

Answer answer_to(const Asking& asking) {
  if (asking.behaviour.status != 200) return error_answer(asking.behaviour.status, "as asked for");
  Answer answer = whole_answer(asking);
  if (!answer.events.empty()) answer.content_type = "text/event-stream; charset=utf-8";
  if (asking.behaviour.failure == Failure::kErrorEvent) break_off_with_error(&answer);
  if (asking.behaviour.failure == Failure::kNoDone && !answer.events.empty()) {
    answer.events.pop_back();
  }
  return answer;
}

}  // namespace reprise::bench
