#include "openai/request.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "openai/asking.h"

namespace reprise::openai {
namespace {

constexpr std::string_view kBody = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

std::string key_with(std::string_view name, std::string_view value, Scope scope = Scope::kKey) {
  Asking asking;
  asking.scope = scope;
  asking.fields.add(name, value);
  return asking.key(kBody);
}

TEST(Question, EveryPartCounts) {
  std::map<std::string, std::string> keys;
  const auto add = [&keys](const char* what, const Asking& asking) {
    const std::string key = asking.key(kBody);
    ASSERT_EQ(key.size(), 32u) << what << ": " << key;
    const auto [found, fresh] = keys.emplace(key, what);
    EXPECT_TRUE(fresh) << what << " equals " << found->second;
  };
  add("plain", Asking());
  Asking changed;
  changed.upstream_url = "https://api.openai.com:444";
  add("upstream", changed);
  changed = Asking();
  changed.target = "/v1/chat/completions?api-version=1";
  add("query", changed);
  changed.target = "/v1/chat/completions?api-version=2";
  add("other query", changed);
  changed.target = "/chat/completions";
  add("path", changed);
  changed = Asking();
  changed.name_space = "a";
  add("namespace", changed);
  changed = Asking();
  changed.scope = Scope::kGlobal;
  add("scope", changed);
  changed = Asking();
  changed.custom_key = "mine";
  add("custom key", changed);
  changed.custom_key = "yours";
  add("other custom key", changed);
  changed = Asking();
  changed.upstream_url = "https://api.openai.co";  // the same bytes, cut elsewhere
  changed.target = "m/v1/chat/completions";
  add("boundary", changed);
}

TEST(Question, CustomKeyReplacesTheBodyButNotItsRules) {
  Asking asking;
  asking.custom_key = "k";
  EXPECT_EQ(asking.key(R"({"model":"a"})"), asking.key(R"({"model":"b"})"));
  EXPECT_EQ(asking.bypass(R"({"store":true})"), "stateful");
  EXPECT_EQ(asking.bypass("x"), "not_object");
  EXPECT_TRUE(asking.ask(R"({"stream":true})")->form.stream);
  Asking canonical;
  canonical.custom_key = R"({"model":"a"})";  // no label looks so, and still it is told apart
  EXPECT_NE(canonical.key(R"({"model":"a"})"), Asking().key(R"({"model":"a"})"));
  Asking other = asking;
  other.target = "/v1/x";
  EXPECT_NE(other.key("{}"), asking.key("{}"));
  other = asking;
  other.fields.add("Authorization", "Bearer a");
  EXPECT_NE(other.key("{}"), asking.key("{}"));
}

TEST(Question, CredentialsSeparateCallersInScopeKeyOnly) {
  const std::string plain = Asking().key(kBody);
  Asking global;
  global.scope = Scope::kGlobal;
  for (const char* name :
       {"Authorization", "api-key", "x-api-key", "x-goog-api-key", "Ocp-Apim-Subscription-Key",
        "cf-aig-authorization", "Helicone-Auth", "x-portkey-api-key", "x-portkey-virtual-key",
        "Cookie", "OpenAI-Organization", "OpenAI-Project"}) {
    EXPECT_NE(key_with(name, "a"), plain) << name;
    EXPECT_NE(key_with(name, "a"), key_with(name, "b")) << name;
    EXPECT_NE(key_with(name, ""), plain) << name;
    EXPECT_EQ(key_with(name, "a", Scope::kGlobal), global.key(kBody)) << name;
    std::string upper(name);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(key_with(upper, "a"), key_with(name, "a")) << name;
  }
  EXPECT_NE(key_with("api-key", "a"), key_with("x-api-key", "a"));
}

TEST(Question, SomeFieldsCountForEveryone) {
  for (Scope scope : {Scope::kKey, Scope::kGlobal}) {
    Asking plain;
    plain.scope = scope;
    for (const char* name : {"Origin", "OpenAI-Beta", "anthropic-version", "anthropic-beta"}) {
      EXPECT_NE(key_with(name, "a", scope), plain.key(kBody)) << name;
      EXPECT_NE(key_with(name, "a", scope), key_with(name, "b", scope)) << name;
    }
    for (const char* name :
         {"Accept", "Accept-Encoding", "User-Agent", "X-Stainless-Retry-Count", "traceparent",
          "Idempotency-Key", "X-Request-Id", "X-Client-Request-Id", "Referer", "Date"}) {
      EXPECT_EQ(key_with(name, "a", scope), plain.key(kBody)) << name;
    }
  }
}

TEST(Question, OrderOfFieldsCountsWithinAName) {
  const auto key_of = [](std::initializer_list<http::Fields::Field> fields) {
    Asking asking;
    for (const http::Fields::Field& field : fields) asking.fields.add(field.name, field.value);
    return asking.key(kBody);
  };
  EXPECT_EQ(key_of({{"Authorization", "a"}, {"Cookie", "c"}, {"Origin", "o"}}),
            key_of({{"Origin", "o"}, {"cookie", "c"}, {"authorization", "a"}}));
  EXPECT_NE(key_of({{"Cookie", "a"}, {"Cookie", "b"}}), key_of({{"Cookie", "b"}, {"Cookie", "a"}}));
  EXPECT_NE(key_of({{"Cookie", "a"}, {"Cookie", "b"}}), key_of({{"Cookie", "a, b"}}));
  EXPECT_NE(key_of({{"anthropic-beta", "a"}, {"anthropic-beta", "b"}}),
            key_of({{"anthropic-beta", "b"}, {"anthropic-beta", "a"}}));
  EXPECT_NE(key_of({{"Origin", "a"}}), key_of({{"OpenAI-Beta", "a"}}));
}

TEST(Question, ContentTypeMustBeJsonInUtf8) {
  const auto bypass_of = [](std::initializer_list<const char*> types) {
    Asking asking;
    asking.fields.clear();
    for (const char* type : types) asking.fields.add("content-TYPE", type);
    return asking.bypass(kBody);
  };
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8",
        "application/json;charset=UTF-8", "application/json ; charset=\"utf-8\"",
        "application/json; foo=bar; charset=utf-8", "application/json;", "application/json; x"}) {
    EXPECT_EQ(bypass_of({type}), "") << type;
  }
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application",
        "application/json; charset=latin1", "application/json; charset=utf-16",
        "application/json; charset", "application/json; charset=", "application/json, text/plain",
        "application/json; charset=utf-8; charset=utf-16", "multipart/form-data; boundary=x",
        "application/vnd.api+json", "application/json; charset=\"utf-16\""}) {
    EXPECT_EQ(bypass_of({type}), "content_type") << type;
  }
  EXPECT_EQ(bypass_of({}), "content_type");
  EXPECT_EQ(bypass_of({"application/json", "application/json"}), "content_type");
}

TEST(Question, CodedBodiesBypass) {
  const auto bypass_of = [](std::string_view name, std::string_view value) {
    Asking asking;
    asking.fields.add(name, value);
    return asking.bypass(kBody);
  };
  EXPECT_EQ(bypass_of("Content-Encoding", "zstd"), "content_encoding");
  EXPECT_EQ(bypass_of("Content-Encoding", "gzip, identity"), "content_encoding");
  EXPECT_EQ(bypass_of("Content-Encoding", "Identity"), "");
  EXPECT_EQ(bypass_of("X-Body-Compressed", "1"), "content_encoding");
}

TEST(Question, ProofCoversWhatTheKeyCovers) {
  const Question plain = Asking().ask(kBody).value();
  const Question again = Asking().ask(kBody).value();
  EXPECT_EQ(plain.key, again.key);
  EXPECT_EQ(plain.proof, again.proof);
  Asking named;
  named.fields.add("Authorization", "Bearer a");
  const Question other = named.ask(kBody).value();
  EXPECT_NE(plain.key, other.key);
  EXPECT_NE(plain.proof, other.proof);
  EXPECT_NE(plain.proof, Asking().ask(R"({"model":"n"})")->proof);
}

TEST(Question, OneReaderReadsManyInAnyOrder) {
  QuestionReader reader;
  Asking asking;
  asking.fields.add("Authorization", "Bearer a secret that is longer than a proof is, by far");
  const std::string large = R"({"model":"m","x":")" + std::string(3 << 20, 'x') + "\"}";
  const std::string expected = asking.key(kBody);
  for (std::string_view body : {kBody, std::string_view(large), kBody, std::string_view("{\"a\":["),
                                std::string_view(R"({"store":true})"), kBody}) {
    const auto question = reader.read(asking.input(body));
    if (body == kBody) {
      EXPECT_EQ(question->key.hex(), expected);
    }
  }
}

TEST(Question, DetailsDescribeWhatIsKeyed) {
  const QuestionDetails details = Asking().details(
      R"({"stream":true,"user":"u","model":"g\u0070t","messages":[ {"role":"user"} ],"n":1})");
  EXPECT_EQ(details.model, "gpt");
  EXPECT_EQ(details.canonical, R"({"messages":[{"role":"user"}],"model":"gpt","n":1})");
  ASSERT_EQ(details.members.size(), 3u);
  EXPECT_EQ(details.members[0].name, "messages");
  EXPECT_EQ(details.members[0].hash, base::xxh3_64(R"([{"role":"user"}])"));
  EXPECT_EQ(details.members[2].name, "n");
  EXPECT_EQ(Asking().details(R"({"model":1})").model, "");
}

TEST(BypassReason, EveryReasonHasAName) {
  std::map<std::string_view, size_t> names;
  for (size_t i = 0; i < kBypassReasonCount; ++i) {
    const std::string_view name = bypass_name(static_cast<BypassReason>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.emplace(name, i).second) << name;
  }
  EXPECT_EQ(bypass_name(BypassReason::kStateful), "stateful");
  EXPECT_EQ(bypass_name(BypassReason::kModeOff), "mode_off");
}

}  // namespace
}  // namespace reprise::openai
