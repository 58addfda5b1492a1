#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/digest.h"
#include "http/fields.h"
#include "openai/bypass.h"
#include "openai/canonical.h"
#include "openai/endpoint.h"

namespace reprise::openai {

// Scope: who shares an answer.
enum class Scope : uint8_t {
  kKey,     // callers with the same credentials
  kGlobal,  // everyone
};

// QuestionInput: everything that may tell two questions apart, and what configuration says about
// it.
struct QuestionInput {
  Route route = Route::kOther;  // not kOther
  Scope scope = Scope::kKey;
  std::string_view upstream_url;           // normalised
  std::string_view target;                 // as forwarded: path and query, verbatim
  std::string_view name_space;             // the effective one, see nest_namespace
  const http::Fields* fields = nullptr;    // as forwarded; not null
  std::string_view body;                   // all of it
  std::string_view custom_key;             // empty: the body is the question
  std::span<const std::string> ignored{};  // top-level members left out in addition
  // Those of them that the request itself names, none of them empty: leaving something out makes
  // another question than never having had it.
  std::span<const std::string> left_out{};
};

// Question: what finds and what proves the answer to a request, and the form asked for.
struct Question {
  Route route = Route::kOther;
  Form form;
  base::Digest128 key;
  base::Sha256 proof{};
};

// MemberHash: one top-level member of a question, so that two questions can be told apart later.
struct MemberHash {
  std::string name;
  uint64_t hash = 0;  // XXH3-64 of its canonical value
};

// QuestionDetails: what is told about a question, but not needed to find its answer.
struct QuestionDetails {
  std::string model;  // as asked for; empty if the body names none
  std::vector<MemberHash> members;
  std::string canonical;  // the canonical body
};

// QuestionReader: turns requests into questions.
// Owner: one per worker. Thread: its own. Memory is kept between requests up to a bound.
//
// Key and proof cover, unambiguously, since every part is preceded by its length: the version of
// this format, the method, upstream, target, namespace, scope, the fields that change answers, the
// canonical body (or, told apart from it, the caller's own key; or what the caller left out of it)
// and, in Scope::kKey, the fields
// that say who asks. The proof is the SHA-256 of all that. The key is the XXH3-128 of the same with
// the proof in the place of the credentials: the key is shown around, and XXH3 hides nothing.
class QuestionReader {
 public:
  tl::expected<Question, BypassReason> read(const QuestionInput& input);

  // Of the last read that gave a question.
  QuestionDetails describe() const;

 private:
  struct InKey {
    std::string_view name;  // as the table spells it
    std::string_view value;
    size_t place = 0;  // among all fields
  };

  std::optional<BypassReason> sort_fields(const http::Fields& fields, Scope scope);
  void write_preimage(const QuestionInput& input);
  void seal(Question* question);
  size_t preimage_bound(const QuestionInput& input) const;
  void put_size(uint64_t size);
  void put(std::string_view part);
  void put_fields(std::span<const InKey> fields);

  CanonicalBody body_;
  std::vector<InKey> shared_fields_;      // change answers for everyone
  std::vector<InKey> credential_fields_;  // of the current read only
  std::string preimage_;
  size_t credentials_at_ = 0;  // where they begin in preimage_
};

}  // namespace reprise::openai
