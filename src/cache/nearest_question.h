#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "openai/request.h"

namespace reprise::cache {

// NearestQuestion: of the questions that can be answered, the one that resembles another most: the
// one with the fewest top-level members that differ. Thread: one.
class NearestQuestion {
 public:
  // Nearest: a known question, and the names of the members that only one of the two has, or whose
  // values differ; sorted. None: only the rest differs, of what tells questions apart.
  struct Nearest {
    base::Digest128 key;
    std::vector<std::string> differs;
  };

  // `members` outlive the search.
  explicit NearestQuestion(const std::vector<openai::MemberHash>& members) : asked_(members) {}

  void consider(const base::Digest128& key, const std::vector<openai::MemberHash>& members);
  std::optional<Nearest> found() const;

 private:
  const std::vector<openai::MemberHash>& asked_;
  base::Digest128 key_;
  std::vector<openai::MemberHash> members_;
  std::optional<size_t> distance_;  // of what was found
};

// The names of the members that only one of two questions has, or whose values differ; sorted.
std::vector<std::string> differing_members(const std::vector<openai::MemberHash>& one,
                                           const std::vector<openai::MemberHash>& other);

}  // namespace reprise::cache
