#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "openai/member_table.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// ContentBlocks: the blocks of a message, grown by their deltas. All is raw JSON.
// Owner: a message that is being assembled. Thread: one.
class ContentBlocks {
 public:
  // `block`: as its first event has it.
  Refused start(uint32_t index, std::string_view block, PartsLeft& parts);
  Refused grow(uint32_t index, std::string_view delta, PartsLeft& parts);
  bool has(uint32_t index) const { return blocks_.contains(index); }

  // The array of all blocks, by index.
  Refused write(RawWriter& out) const;

 private:
  struct Block {
    MemberTable<std::string> members;
    std::string type;
    std::string input;  // content of a string: the pieces of a JSON text
  };

  static void write_block(RawWriter& out, const Block& block, std::string_view input);

  std::map<uint32_t, Block> blocks_;
};

}  // namespace reprise::openai
