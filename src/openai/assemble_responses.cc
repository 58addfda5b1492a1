#include "openai/assemble_responses.h"

#include <optional>
#include <string>
#include <utility>

#include "openai/event_texts.h"
#include "openai/event_type.h"
#include "openai/raw_json.h"

namespace reprise::openai {

namespace {

// RecordedResponse: the answer that the last event of a stream holds.
// Owner: assemble_responses. Thread: one.
class RecordedResponse {
 public:
  Refused take(const EventText& event);
  Converted finish(size_t bytes_max) &&;

 private:
  Refused take_last(std::string_view response);

  std::optional<std::string> response_;
  bool has_output_ = false;  // items or pieces of them came
};

Refused RecordedResponse::take(const EventText& event) {
  if (event.json.empty()) return std::nullopt;
  const std::string_view type = event_type(event);
  if (type == "response.completed" || type == "response.incomplete") {
    return take_last(json_member(event.json, "response"));
  }
  if (type == "response.output_item.done") has_output_ = true;
  if (type.ends_with(".delta") && json_member(event.json, "delta").size() > 2) has_output_ = true;
  return std::nullopt;
}

Refused RecordedResponse::take_last(std::string_view response) {
  if (response_ || !is_json_object(response)) return Unconvertible::kMalformed;
  response_ = response;
  return std::nullopt;
}

Converted RecordedResponse::finish(size_t bytes_max) && {
  if (!response_) return tl::unexpected(Unconvertible::kMalformed);
  // Some gateways leave out of the last event what came before it.
  const std::string_view output = json_member(*response_, "output");
  const bool empty = !is_json_array(output) || output == "[]";
  if (empty && has_output_) return tl::unexpected(Unconvertible::kMember);
  if (response_->size() > bytes_max) return tl::unexpected(Unconvertible::kTooLarge);
  return *std::move(response_);
}

}  // namespace

Converted assemble_responses(std::string_view stream, size_t bytes_max) {
  RecordedResponse response;
  const auto take = [&response](const EventText& event) { return response.take(event); };
  if (const Refused refused = read_events(stream, take)) return tl::unexpected(*refused);
  return std::move(response).finish(bytes_max);
}

}  // namespace reprise::openai
