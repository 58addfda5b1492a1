#pragma once

#include <string>
#include <string_view>

#include "openai/request.h"

namespace reprise::openai {

// Asking: a request as a test wants it, with a fresh reader for each question.
struct Asking {
  Route route = Route::kChatCompletions;
  Scope scope = Scope::kKey;
  std::string upstream_url = "https://api.openai.com";
  std::string target = "/v1/chat/completions";
  std::string name_space;
  std::string custom_key;
  std::vector<std::string> ignored;
  std::vector<std::string> left_out;
  http::Fields fields;

  Asking() { fields.add("Content-Type", "application/json"); }

  QuestionInput input(std::string_view body) const {
    QuestionInput made;
    made.route = route;
    made.scope = scope;
    made.upstream_url = upstream_url;
    made.target = target;
    made.name_space = name_space;
    made.fields = &fields;
    made.body = body;
    made.custom_key = custom_key;
    made.ignored = ignored;
    made.left_out = left_out;
    return made;
  }

  tl::expected<Question, BypassReason> ask(std::string_view body) const {
    QuestionReader reader;
    return reader.read(input(body));
  }
  // The key, or why there is none.
  std::string key(std::string_view body) const {
    const auto question = ask(body);
    return question ? question->key.hex() : std::string(bypass_name(question.error()));
  }
  // The reason, or "" if the body can be keyed.
  std::string bypass(std::string_view body) const {
    const auto question = ask(body);
    return question ? "" : std::string(bypass_name(question.error()));
  }
  QuestionDetails details(std::string_view body) const {
    QuestionReader reader;
    return reader.read(input(body)) ? reader.describe() : QuestionDetails{};
  }
};

inline Asking asking(Route route) {
  Asking made;
  made.route = route;
  made.target = "/v1/" + std::string(route_name(route));
  return made;
}

}  // namespace reprise::openai
