#include "bench/mock_endpoint/service.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "bench/mock_endpoint/connection.h"
#include "bench/mock_endpoint/text.h"

namespace reprise::bench {

namespace {

constexpr std::string_view kControl = "/mock/";
constexpr std::string_view kRelease = "/mock/release/";

// False if the field is there and is no number.
template <typename Number>
bool read_number(const Request& request, std::string_view name, Number* number) {
  const std::string* value = request.find(name);
  if (value == nullptr) return true;
  const auto [end, problem] =
      std::from_chars(value->data(), value->data() + value->size(), *number);
  return problem == std::errc() && end == value->data() + value->size();
}

bool read_behaviour(const Request& request, Behaviour* behaviour) {
  if (!read_number(request, "x-mock-status", &behaviour->status) ||
      !read_number(request, "x-mock-tokens", &behaviour->tokens) ||
      !read_number(request, "x-mock-rate", &behaviour->tokens_per_second) ||
      !read_number(request, "x-mock-size", &behaviour->content_bytes) ||
      !read_number(request, "x-mock-delay", &behaviour->delay_ms)) {
    return false;
  }
  if (behaviour->tokens == 0 || behaviour->status < 200 || behaviour->status > 599) return false;
  behaviour->stamp = request.find("x-mock-stamp") != nullptr;
  if (const std::string* name = request.find("x-mock-hold")) behaviour->hold = *name;
  if (const std::string* name = request.find("x-mock-manner")) {
    const std::optional<Manner> manner = manner_named(*name);
    if (!manner) return false;
    behaviour->manner = *manner;
  }
  if (const std::string* name = request.find("x-mock-fail")) {
    const std::optional<Failure> failure = failure_named(*name);
    if (!failure) return false;
    behaviour->failure = *failure;
  }
  return true;
}

Answer json_answer(std::string body) {
  Answer answer;
  answer.body = std::move(body);
  return answer;
}

std::string as_json(const Request& request) {
  std::string fields;
  for (const auto& [name, value] : request.fields) {
    fields += fmt::format("{}[{},{}]", fields.empty() ? "" : ",", quoted(name), quoted(value));
  }
  return fmt::format(R"({{"method":{},"target":{},"fields":[{}],"body":{}}})",
                     quoted(request.method), quoted(request.target), fields, quoted(request.body));
}

}  // namespace

Service::Plan Service::plan(const Request& request) {
  if (request.path().starts_with(kControl)) return {control(request), {}, false};
  ++requests_;
  last_ = request;
  Plan plan{{}, usual_};
  if (!read_behaviour(request, &plan.behaviour)) {
    return {error_answer(400, "an X-Mock-* field makes no sense"), {}};
  }
  Question question;
  question.endpoint = endpoint_of(request.path());
  const bool asks = question.endpoint != Endpoint::kModels &&
                    question.endpoint != Endpoint::kHealth &&
                    question.endpoint != Endpoint::kUnknown;
  if (asks && request.method != "POST") return {error_answer(405, "POST it"), plan.behaviour};
  if (asks && !read_question(request.body, &question)) {
    return {error_answer(400, "the body is not a JSON object"), plan.behaviour};
  }
  plan.answer = answer_to({question, plan.behaviour, requests_, std::time(nullptr)});
  return plan;
}

Answer Service::control(const Request& request) {
  const std::string_view path = request.path();
  if (path == "/mock/requests") {
    return json_answer(fmt::format(R"({{"requests":{},"answered":{},"aborted":{}}})", requests_,
                                   answered_, aborted_));
  }
  if (path == "/mock/last") return json_answer(as_json(last_));
  if (request.method != "POST") return error_answer(404, "no such route");
  if (path == "/mock/reset") {
    requests_ = answered_ = aborted_ = 0;
    released_.clear();
    return json_answer("{}");
  }
  if (path.starts_with(kRelease)) {
    return json_answer(
        fmt::format(R"({{"released":{}}})", release(std::string(path.substr(kRelease.size())))));
  }
  return error_answer(404, "no such route");
}

bool Service::hold(const std::string& name, Connection* connection) {
  if (released_.contains(name)) return false;
  held_.emplace(name, connection);
  return true;
}

size_t Service::release(const std::string& name) {
  released_.insert(name);
  size_t count = 0;
  // Going on may close a connection, which forgets itself here: take each out first.
  for (auto held = held_.find(name); held != held_.end(); held = held_.find(name)) {
    Connection* connection = held->second;
    held_.erase(held);
    connection->release();
    ++count;
  }
  return count;
}

void Service::forget(Connection* connection) {
  std::erase_if(held_, [&](const auto& held) { return held.second == connection; });
}

std::string Service::common_fields() const {
  return fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S GMT}\r\n"
      "openai-version: 2020-10-01\r\nopenai-organization: mock\r\nopenai-processing-ms: 7\r\n"
      "x-request-id: req_mock{:08x}\r\nx-ratelimit-remaining-requests: 9999\r\n",
      fmt::gmtime(std::time(nullptr)), requests_);
}

}  // namespace reprise::bench
