#include "openai/opaque_judge.h"

#include <array>

namespace reprise::openai {

namespace {

bool has_empty_embedding(const JsonArray& embeddings) {
  for (const auto element : embeddings) {
    const JsonValue embedding(element);
    if (!embedding.is_object()) continue;
    const JsonValue vector = pick(embedding.object(), "embedding");
    if (vector.present() && !vector.filled()) return true;
  }
  return false;
}

}  // namespace

NotStored OpaqueJudge::on_whole(const JsonObject& answer) {
  enum : size_t { kError, kObject, kType, kModel, kUsage, kData, kResults };
  std::array<JsonValue, 7> value;
  if (!pick<7>(answer, {"error", "object", "type", "model", "usage", "data", "results"}, &value)) {
    return NotStored::kMalformed;
  }
  if (value[kError].given() || value[kObject].text() == "error" || value[kType].text() == "error") {
    return NotStored::kErrorEvent;
  }
  note_model(value[kModel]);
  note_usage(value[kUsage]);
  if (answer.begin() == answer.end()) return NotStored::kEmpty;
  for (const size_t list : {kData, kResults}) {
    if (value[list].is_array() && !value[list].filled()) return NotStored::kEmpty;
  }
  if (route_ != Route::kEmbeddings) return NotStored::kNone;
  if (!value[kData].is_array()) return NotStored::kEmpty;
  return has_empty_embedding(value[kData].array()) ? NotStored::kEmpty : NotStored::kNone;
}

}  // namespace reprise::openai
