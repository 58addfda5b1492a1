#pragma once

#include <string>
#include <string_view>

#include "openai/raw_json.h"

namespace reprise::openai {

// ChunkHead: the members that say which answer a chunk belongs to: all chunks of an answer have
// them, and so has the whole. Servers leave some empty in the first chunk (Azure), or change the
// time with each (llama.cpp, SGLang).
class ChunkHead {
 public:
  // Takes a member of a chunk or of a whole answer: the first that says something counts. False if
  // it is none of these members; what is called `object` is one.
  bool add(std::string_view name, std::string_view raw);

  // id, object, created, model.
  void write(RawWriter& out, std::string_view object) const;
  // service_tier and system_fingerprint.
  void write_service(RawWriter& out) const;

 private:
  std::string id_;
  std::string created_;
  std::string model_;
  std::string service_tier_;
  std::string system_fingerprint_;
};

}  // namespace reprise::openai
