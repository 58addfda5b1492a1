#include "cache/nearest_question.h"

#include <map>
#include <string_view>
#include <utility>

namespace reprise::cache {

namespace {

// How many names differ. Both are in the order of their names, as questions are described.
size_t distance(const std::vector<openai::MemberHash>& one,
                const std::vector<openai::MemberHash>& other) {
  size_t differing = 0;
  auto a = one.begin();
  auto b = other.begin();
  while (a != one.end() && b != other.end()) {
    const int order = a->name.compare(b->name);
    differing += order != 0 || a->hash != b->hash ? 1 : 0;
    if (order <= 0) ++a;
    if (order >= 0) ++b;
  }
  return differing + static_cast<size_t>((one.end() - a) + (other.end() - b));
}

}  // namespace

std::vector<std::string> differing_members(const std::vector<openai::MemberHash>& one,
                                           const std::vector<openai::MemberHash>& other) {
  // A member that both have alike is there twice.
  std::map<std::pair<std::string_view, uint64_t>, size_t> seen;
  for (const openai::MemberHash& member : one) ++seen[{member.name, member.hash}];
  for (const openai::MemberHash& member : other) ++seen[{member.name, member.hash}];
  std::vector<std::string> names;
  for (const auto& [member, times] : seen) {
    if (times == 1 && (names.empty() || names.back() != member.first)) {
      names.emplace_back(member.first);
    }
  }
  return names;
}

void NearestQuestion::consider(const base::Digest128& key,
                               const std::vector<openai::MemberHash>& members) {
  const size_t differing = distance(asked_, members);
  if (distance_ && *distance_ <= differing) return;
  distance_ = differing;
  key_ = key;
  members_ = members;
}

std::optional<NearestQuestion::Nearest> NearestQuestion::found() const {
  if (!distance_) return std::nullopt;
  return Nearest{key_, differing_members(asked_, members_)};
}

}  // namespace reprise::cache
