#include "cache/replay_head.h"

#include <string>

#include "base/timestamp.h"
#include "http/writer.h"

namespace reprise::cache {

base::Bytes make_replay_head(const Entry& entry, openai::AnswerKind kind, openai::ReplayBody body) {
  std::string head;
  const http::ResponseHead& recorded = entry.answer->head();
  http::write_status_line(head, recorded.status, recorded.reason);
  openai::append_replay_fields(recorded, kind, body, &head);
  http::write_field(head, "X-Reprise-Key", entry.key.hex());
  if (!entry.model_answered.empty()) {
    http::write_field(head, "X-Reprise-Model", openai::sanitise_model(entry.model_answered));
  }
  http::write_field(head, "X-Reprise-Stored", base::rfc3339_utc(entry.recorded_at_us));
  return base::Bytes::copy_of(head);
}

base::Bytes make_replay_head(const Entry& entry) {
  const auto kind = entry.form.stream ? openai::AnswerKind::kSse : openai::AnswerKind::kJson;
  return make_replay_head(entry, kind, openai::ReplayBody::kRecorded);
}

}  // namespace reprise::cache
