#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "openai/body_fields.h"
#include "openai/bypass.h"
#include "openai/endpoint.h"
#include "openai/name_order.h"

namespace reprise::openai {

// CanonicalBody: what a request's body asks, in the one spelling that equal questions share: the
// members of the outermost object sorted by code point, without those that choose only the form of
// the answer, say only who asks, or are ignored by configuration. Everything nested keeps its order
// and every number its digits, because servers tell those apart.
//
// Of stream_options only include_usage and include_obfuscation are left out; if nothing is left, it
// counts as absent. A null stream_options is neither and stays.
//
// Owner: QuestionReader. Thread: one. Views live until the next read; memory is reused.
class CanonicalBody {
 public:
  // Member: one that is part of the question.
  struct Member {
    std::string_view whole;  // "name":value
    size_t name_size = 0;    // as written, without its quotes

    std::string_view name() const { return whole.substr(1, name_size); }
    std::string_view value() const { return whole.substr(name_size + 3); }
  };

  // Nothing if `body` can be keyed.
  std::optional<BypassReason> read(Route route, std::string_view body,
                                   std::span<const std::string> ignored);

  const Form& form() const { return form_; }
  std::span<const Member> members() const { return members_; }
  // As asked for, whether it is part of the question or ignored; empty if the body names none.
  std::string model() const;
  // The canonical body.
  size_t text_size() const;
  void append_text(std::string* out) const;

 private:
  std::optional<BypassReason> check_names();
  bool names_differ_only_in_case();
  void sort();
  std::optional<BypassReason> take(FieldRole role, const Member& member);
  std::optional<BypassReason> read_stream(std::string_view value);
  std::optional<BypassReason> read_stream_options(const Member& member);

  base::JsonNormaliser json_;
  Form form_;
  std::vector<base::JsonNormaliser::Member> sorted_;
  NameOrder order_;
  std::vector<Member> members_;
  std::string stream_options_;  // what is left of them
};

}  // namespace reprise::openai
