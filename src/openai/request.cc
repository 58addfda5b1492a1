#include "openai/request.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "openai/name_table.h"

namespace reprise::openai {

namespace {

constexpr std::string_view kFormatVersion = "reprise question 1";
constexpr std::string_view kWithout = "without";
constexpr size_t kKeptBytesMax = size_t{1} << 20;  // what a large question may leave behind

enum class FieldUse : uint8_t {
  kCredential,
  kShared,  // changes the answer, whoever asks
  kContentType,
  kContentEncoding,
  kCodedBody,  // its presence says that the body is coded
};

struct KnownField {
  std::string_view name;
  FieldUse use;
};

constexpr auto kKnownFields = NameTable(std::to_array<KnownField>({
    {"authorization", FieldUse::kCredential},
    {"api-key", FieldUse::kCredential},
    {"x-api-key", FieldUse::kCredential},
    {"x-goog-api-key", FieldUse::kCredential},
    {"ocp-apim-subscription-key", FieldUse::kCredential},
    {"cf-aig-authorization", FieldUse::kCredential},
    {"helicone-auth", FieldUse::kCredential},
    {"x-portkey-api-key", FieldUse::kCredential},
    {"x-portkey-virtual-key", FieldUse::kCredential},
    {"cookie", FieldUse::kCredential},
    {"openai-organization", FieldUse::kCredential},
    {"openai-project", FieldUse::kCredential},
    {"origin", FieldUse::kShared},
    {"openai-beta", FieldUse::kShared},
    {"anthropic-version", FieldUse::kShared},
    {"anthropic-beta", FieldUse::kShared},
    {"content-type", FieldUse::kContentType},
    {"content-encoding", FieldUse::kContentEncoding},
    {"x-body-compressed", FieldUse::kCodedBody},
}));

const KnownField* find_known(std::string_view name) {
  for (const KnownField& field : kKnownFields.of_size(name.size())) {
    if (http::iequals(field.name, name)) return &field;
  }
  return nullptr;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  return text.substr(1, text.size() - 2);
}

// application/json, in UTF-8 if it names a charset.
bool is_json_type(std::string_view value) {
  const size_t semicolon = value.find(';');
  if (!http::iequals(http::trim(value.substr(0, semicolon)), "application/json")) return false;
  while (!value.empty()) {
    const size_t begin = value.find(';');
    if (begin == std::string_view::npos) break;
    value.remove_prefix(begin + 1);
    const std::string_view parameter = http::trim(value.substr(0, value.find(';')));
    const size_t equals = parameter.find('=');
    const std::string_view name = http::trim(parameter.substr(0, equals));
    if (!http::iequals(name, "charset")) continue;
    if (equals == std::string_view::npos) return false;
    const std::string_view charset = http::trim(parameter.substr(equals + 1));
    if (!http::iequals(unquoted(charset), "utf-8")) return false;
  }
  return true;
}

}  // namespace

tl::expected<Question, BypassReason> QuestionReader::read(const QuestionInput& input) {
  CHECK(input.route != Route::kOther && input.fields != nullptr);
  if (const auto reason = sort_fields(*input.fields, input.scope)) return tl::unexpected(*reason);
  if (const auto reason = body_.read(input.route, input.body, input.ignored)) {
    return tl::unexpected(*reason);
  }
  write_preimage(input);
  Question question{input.route, body_.form(), {}, {}};
  seal(&question);
  return question;
}

// Finds the fields that count. Those of one name stay in order; the order of names means nothing.
std::optional<BypassReason> QuestionReader::sort_fields(const http::Fields& fields, Scope scope) {
  shared_fields_.clear();
  credential_fields_.clear();
  size_t content_types = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const http::Fields::Field field = fields[i];
    const KnownField* known = find_known(field.name);
    if (known == nullptr) continue;
    switch (known->use) {
      case FieldUse::kCredential:
        if (scope == Scope::kKey) credential_fields_.push_back({known->name, field.value, i});
        break;
      case FieldUse::kShared:
        shared_fields_.push_back({known->name, field.value, i});
        break;
      case FieldUse::kContentType:
        if (!is_json_type(field.value)) return BypassReason::kContentType;
        ++content_types;
        break;
      case FieldUse::kContentEncoding:
        if (!http::iequals(field.value, "identity")) return BypassReason::kContentEncoding;
        break;
      case FieldUse::kCodedBody:
        return BypassReason::kContentEncoding;
    }
  }
  // Without a type some servers read JSON and some refuse.
  if (content_types != 1) return BypassReason::kContentType;
  const auto by_name = [](const InKey& a, const InKey& b) {
    return a.name != b.name ? a.name < b.name : a.place < b.place;
  };
  std::sort(shared_fields_.begin(), shared_fields_.end(), by_name);
  std::sort(credential_fields_.begin(), credential_fields_.end(), by_name);
  return std::nullopt;
}

void QuestionReader::write_preimage(const QuestionInput& input) {
  preimage_.clear();
  const size_t bound = preimage_bound(input);
  if (preimage_.capacity() > kKeptBytesMax && bound < kKeptBytesMax) std::string().swap(preimage_);
  preimage_.reserve(bound);  // no growing later: that would leave credentials in freed memory
  put(kFormatVersion);
  put("POST");
  put(input.upstream_url);
  put(input.target);
  put(input.name_space);
  put(input.scope == Scope::kKey ? "key" : "global");
  put_fields(shared_fields_);
  if (input.custom_key.empty()) {
    if (!input.left_out.empty()) {
      put(kWithout);
      for (const std::string& name : input.left_out) put(name);
      put({});  // no name is empty: here the list ends
    }
    put("body");
    put_size(body_.text_size());
    body_.append_text(&preimage_);
  } else {
    put("custom");
    put(input.custom_key);
  }
  credentials_at_ = preimage_.size();
  put_fields(credential_fields_);
  credential_fields_.clear();
  CHECK(preimage_.size() <= bound);
}

void QuestionReader::seal(Question* question) {
  question->proof = base::sha256(preimage_);
  ::explicit_bzero(preimage_.data() + credentials_at_, preimage_.size() - credentials_at_);
  preimage_.resize(credentials_at_);
  preimage_.append(reinterpret_cast<const char*>(question->proof.data()), question->proof.size());
  question->key = base::xxh3_128(preimage_);
}

size_t QuestionReader::preimage_bound(const QuestionInput& input) const {
  constexpr size_t kParts = 10;
  size_t bound = kFormatVersion.size() + 64 + kParts * sizeof(uint64_t) + sizeof(base::Sha256);
  bound += input.upstream_url.size() + input.target.size() + input.name_space.size();
  bound += input.custom_key.empty() ? body_.text_size() : input.custom_key.size();
  if (!input.left_out.empty()) bound += 2 * sizeof(uint64_t) + kWithout.size();
  for (const std::string& name : input.left_out) bound += name.size() + sizeof(uint64_t);
  for (const auto* fields : {&shared_fields_, &credential_fields_}) {
    for (const InKey& field : *fields) {
      bound += field.name.size() + field.value.size() + 2 * sizeof(uint64_t);
    }
  }
  return bound;
}

void QuestionReader::put_size(uint64_t size) {
  char bytes[sizeof size];
  for (size_t i = 0; i < sizeof size; ++i) bytes[i] = static_cast<char>(size >> (8 * i));
  preimage_.append(bytes, sizeof size);
}

void QuestionReader::put(std::string_view part) {
  put_size(part.size());
  preimage_.append(part);
}

void QuestionReader::put_fields(std::span<const InKey> fields) {
  for (const InKey& field : fields) {
    put(field.name);
    put(field.value);
  }
  put({});  // no field's name is empty: here the list ends
}

QuestionDetails QuestionReader::describe() const {
  QuestionDetails details;
  details.canonical.reserve(body_.text_size());
  body_.append_text(&details.canonical);
  details.members.reserve(body_.members().size());
  for (const CanonicalBody::Member& member : body_.members()) {
    details.members.push_back({std::string(member.name()), base::xxh3_64(member.value())});
  }
  details.model = body_.model();
  return details;
}

}  // namespace reprise::openai
