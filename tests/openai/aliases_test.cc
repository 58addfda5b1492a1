#include "openai/aliases.h"

#include <gtest/gtest.h>

#include <string>

#include "openai/asking.h"
#include "openai/directives.h"

namespace reprise::openai {
namespace {

using Pairs = std::initializer_list<http::Fields::Field>;

http::Fields fields_of(Pairs pairs) {
  http::Fields fields;
  for (const http::Fields::Field& pair : pairs) fields.add(pair.name, pair.value);
  return fields;
}

Aliases all() {
  Aliases aliases;
  for (const Alias alias :
       {Alias::kHelicone, Alias::kCloudflare, Alias::kPortkey, Alias::kOpenrouter}) {
    aliases.add(alias);
  }
  return aliases;
}

Aliases only(Alias alias) {
  Aliases aliases;
  aliases.add(alias);
  return aliases;
}

Directives parse(Pairs pairs, Aliases aliases = all()) {
  return parse_directives(fields_of(pairs), aliases).value();
}

bool asks_nothing(const Directives& directives) {
  return !directives.no_cache && !directives.no_store && !directives.ttl_ms &&
         directives.name_space.empty() && directives.key.empty() && directives.ignored.empty() &&
         !directives.max_age_s;
}

// A field of each gateway that asks for something, and whether it ends here.
struct Spoken {
  Alias alias;
  http::Fields::Field field;
  bool ends_here = true;
};
const Spoken kSpoken[] = {
    {Alias::kHelicone, {"Helicone-Cache-Enabled", "false"}},
    {Alias::kHelicone, {"Helicone-Cache-Seed", "user-123"}},
    {Alias::kHelicone, {"Helicone-Cache-Ignore-Keys", "request_id"}},
    {Alias::kCloudflare, {"cf-aig-skip-cache", "true"}},
    {Alias::kCloudflare, {"cf-aig-cache-ttl", "3600"}},
    {Alias::kCloudflare, {"cf-aig-cache-key", "responseA"}},
    {Alias::kCloudflare, {"cf-skip-cache", "true"}},
    {Alias::kCloudflare, {"cf-cache-ttl", "3600"}},
    {Alias::kPortkey, {"x-portkey-cache-force-refresh", "true"}},
    {Alias::kPortkey, {"x-portkey-cache-namespace", "user-123"}},
    {Alias::kPortkey, {"x-portkey-config", R"({"cache":{"max_age":60}})"}, false},
    {Alias::kOpenrouter, {"X-OpenRouter-Cache", "false"}},
    {Alias::kOpenrouter, {"X-OpenRouter-Cache-TTL", "600"}},
    {Alias::kOpenrouter, {"X-OpenRouter-Cache-Clear", "true"}},
};

TEST(Aliases, AFieldMeansSomethingOnlyIfItsGatewayIsNamed) {
  for (const Spoken& spoken : kSpoken) {
    for (const Alias alias :
         {Alias::kHelicone, Alias::kCloudflare, Alias::kPortkey, Alias::kOpenrouter}) {
      EXPECT_EQ(asks_nothing(parse({spoken.field}, only(alias))), alias != spoken.alias)
          << spoken.field.name;
    }
    EXPECT_TRUE(asks_nothing(parse({spoken.field}, {}))) << spoken.field.name;
  }
}

TEST(Aliases, AFieldEndsHereOnlyIfItsGatewayIsNamedAndTheRouteIsCached) {
  const auto stays = [](const http::Fields::Field& field, Route route, Aliases aliases) {
    http::Fields fields = fields_of({field});
    strip_control_fields(route, aliases, &fields);
    return !fields.empty();
  };
  for (const Spoken& spoken : kSpoken) {
    const http::Fields::Field& field = spoken.field;
    EXPECT_EQ(stays(field, Route::kChatCompletions, only(spoken.alias)), !spoken.ends_here)
        << field.name;
    EXPECT_TRUE(stays(field, Route::kOther, all())) << field.name;
    EXPECT_TRUE(stays(field, Route::kChatCompletions, {})) << field.name;
  }
  // What those gateways are told beside it goes on.
  for (const char* name : {"Helicone-Auth", "Helicone-Property-App", "cf-aig-authorization",
                           "cf-aig-metadata", "x-portkey-api-key", "x-portkey-metadata",
                           "HTTP-Referer", "X-OpenRouter-Title", "X-OpenRouter-Cache-Status"}) {
    EXPECT_TRUE(stays({name, "v"}, Route::kChatCompletions, all())) << name;
  }
  EXPECT_FALSE(stays({"HELICONE-CACHE-BUCKET-MAX-SIZE", "3"}, Route::kChatCompletions, all()));
}

TEST(Aliases, HeliconesWords) {
  EXPECT_TRUE(asks_nothing(parse({{"Helicone-Cache-Enabled", "true"}})));
  EXPECT_TRUE(asks_nothing(parse({{"helicone-cache-enabled", "TRUE"}})));
  EXPECT_TRUE(asks_nothing(parse({{"Helicone-Cache-Bucket-Max-Size", "3"}})));
  for (const char* off : {"false", "", "1", "yes"}) {
    EXPECT_TRUE(parse({{"Helicone-Cache-Enabled", off}}).no_store) << off;
  }
  EXPECT_EQ(parse({{"Helicone-Cache-Seed", "user-123"}}).name_space, "user-123");
  EXPECT_EQ(parse({{"Helicone-Cache-Ignore-Keys", "request_id,timestamp"}}).ignored,
            (std::vector<std::string>{"request_id", "timestamp"}));
  EXPECT_EQ(parse({{"Helicone-Cache-Ignore-Keys", " b , a,,b "}}).ignored,
            (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(parse({{"Helicone-Cache-Ignore-Keys", " , "}}).ignored.empty());
}

TEST(Aliases, HeliconesMaxAgeIsALifeToo) {
  const http::Fields::Field enabled{"Helicone-Cache-Enabled", "true"};
  const Directives directives = parse({{"Cache-Control", "max-age=2592000"}, enabled});
  EXPECT_EQ(directives.ttl_ms, int64_t{2592000} * 1000);
  EXPECT_EQ(directives.max_age_s, 2592000);
  // As its documentation has it.
  EXPECT_EQ(parse({enabled, {"Cache-Control", "max-age = 3600"}}).ttl_ms, 3'600'000);
  EXPECT_FALSE(parse_directives(fields_of({{"Cache-Control", "max-age = 3600"}}), all()));
  EXPECT_FALSE(parse_directives(fields_of({enabled, {"Cache-Control", "max-age=soon"}}), all()));
  EXPECT_FALSE(parse({{"Cache-Control", "max-age=60"}}).ttl_ms);
  EXPECT_FALSE(
      parse({{"Helicone-Cache-Enabled", "false"}, {"Cache-Control", "max-age=60"}}).ttl_ms);
  const Directives zero = parse({enabled, {"Cache-Control", "max-age=0"}});
  EXPECT_TRUE(zero.no_cache);
  EXPECT_FALSE(zero.ttl_ms) << "what is asked anew replaces the entry";
}

TEST(Aliases, CloudflaresWords) {
  EXPECT_TRUE(parse({{"cf-aig-skip-cache", "true"}}).no_store);
  EXPECT_FALSE(parse({{"cf-aig-skip-cache", "false"}}).no_store);
  EXPECT_EQ(parse({{"cf-aig-cache-ttl", "3600"}}).ttl_ms, 3'600'000);
  EXPECT_EQ(parse({{"cf-aig-cache-ttl", "5"}}).ttl_ms, 5'000);
  EXPECT_EQ(parse({{"cf-aig-cache-ttl", "0"}}).ttl_ms, 0);
  EXPECT_EQ(parse({{"cf-aig-cache-key", "responseA"}}).key, "responseA");
  EXPECT_EQ(parse({{"cf-cache-ttl", "60"}}).ttl_ms, 60'000);
  EXPECT_TRUE(parse({{"cf-skip-cache", "true"}}).no_store);
}

TEST(Aliases, PortkeysWords) {
  EXPECT_TRUE(parse({{"x-portkey-cache-force-refresh", "True"}}).no_cache);
  EXPECT_FALSE(parse({{"x-portkey-cache-force-refresh", "false"}}).no_cache);
  EXPECT_EQ(parse({{"x-portkey-cache-namespace", "user-123"}}).name_space, "user-123");
  const auto ttl = [](std::string_view config) {
    return parse({{"x-portkey-config", config}}).ttl_ms;
  };
  EXPECT_EQ(ttl(R"({"cache":{"mode":"simple","max_age":60}})"), 60'000);
  EXPECT_EQ(ttl(R"({ "provider": "openai", "cache": { "max_age": 90, "mode": "semantic" } })"),
            90'000);
  for (const char* config :
       {"pc-cache-xxx", "", "{", "{}", "[]", R"({"max_age":60})", R"({"cache":true})",
        R"({"cache":{}})", R"({"cache":{"max_age":"60"}})", R"({"cache":{"max_age":-1}})",
        R"({"cache":{"max_age":1.5}})", R"({"cache":{"max_age":null}})", R"({"cache":[60]})",
        R"({"cache":{"max_age":60}} x)", R"({"cache":{"max_age":60},"cache":{}})"}) {
    EXPECT_FALSE(ttl(config)) << config;
  }
}

TEST(Aliases, OpenroutersWords) {
  EXPECT_TRUE(asks_nothing(parse({{"X-OpenRouter-Cache", "true"}})));
  EXPECT_TRUE(parse({{"X-OpenRouter-Cache", "false"}}).no_store);
  EXPECT_EQ(parse({{"X-OpenRouter-Cache-TTL", "600"}}).ttl_ms, 600'000);
  EXPECT_TRUE(parse({{"X-OpenRouter-Cache-Clear", "true"}}).no_cache);
  EXPECT_FALSE(parse({{"X-OpenRouter-Cache-Clear", "no"}}).no_cache);
}

TEST(Aliases, NumbersThatAreNoneMeanNothing) {
  for (const char* name : {"cf-aig-cache-ttl", "X-OpenRouter-Cache-TTL"}) {
    for (const char* value : {"", "-1", "1.5", "1h", "soon", "+1", "0x10", "1 2"}) {
      EXPECT_FALSE(parse({{name, value}}).ttl_ms) << name << ": " << value;
    }
    EXPECT_EQ(parse({{name, "99999999999999999999"}}).ttl_ms, kDeltaSecondsMax * 1000);
  }
}

TEST(Aliases, AnyTextIsALabel) {
  const auto name_space = [](std::string_view seed) {
    return parse({{"Helicone-Cache-Seed", seed}}).name_space;
  };
  const std::string longest(128, 'k');
  EXPECT_EQ(name_space(longest), longest);
  for (const std::string& seed : {std::string("a b"), std::string("a/b"), std::string("é"),
                                  std::string("{\"user\":1}"), longest + "k"}) {
    EXPECT_TRUE(is_valid_label(name_space(seed))) << seed;
    EXPECT_EQ(name_space(seed).size(), 71U) << seed;
  }
  // printf 'a b' | sha256sum
  EXPECT_EQ(name_space("a b"),
            "sha256:c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65");
  EXPECT_NE(name_space("a b"), name_space("a  b"));
  EXPECT_EQ(parse({{"cf-aig-cache-key", "a b"}}).key, name_space("a b"));
  EXPECT_EQ(name_space(""), "");
}

TEST(Aliases, OurOwnWordsCount) {
  const Directives directives = parse({{"cf-aig-cache-ttl", "3600"},
                                       {"cf-aig-cache-key", "theirs"},
                                       {"Helicone-Cache-Seed", "theirs"},
                                       {"X-Reprise-TTL", "1s"},
                                       {"X-Reprise-Key", "ours"},
                                       {"X-Reprise-Namespace", "ours"}});
  EXPECT_EQ(directives.ttl_ms, 1'000);
  EXPECT_EQ(directives.key, "ours");
  EXPECT_EQ(directives.name_space, "ours");
}

TEST(Aliases, OfSeveralFieldsForOneThingTheFirstCounts) {
  const Directives directives = parse({{"X-OpenRouter-Cache-TTL", "soon"},
                                       {"cf-aig-cache-ttl", "1"},
                                       {"X-OpenRouter-Cache-TTL", "2"},
                                       {"x-portkey-cache-namespace", "a"},
                                       {"Helicone-Cache-Seed", "b"},
                                       {"cf-aig-cache-key", ""},
                                       {"cf-aig-cache-key", "c"},
                                       {"cf-aig-cache-key", "d"}});
  EXPECT_EQ(directives.ttl_ms, 1'000);
  EXPECT_EQ(directives.name_space, "a");
  EXPECT_EQ(directives.key, "c");
}

TEST(Aliases, ListsOfIgnoredMembersAreBounded) {
  const auto list = [](int count) {
    std::string names;
    for (int i = 0; i < count; ++i) names += "m" + std::to_string(i) + ",";
    return parse({{"Helicone-Cache-Ignore-Keys", names}}).ignored.size();
  };
  EXPECT_EQ(list(32), 32U);
  EXPECT_EQ(list(33), 0U);
}

TEST(Aliases, WhatACallerLeavesOutMakesItsOwnQuestion) {
  const auto key = [](std::vector<std::string> names, std::string_view body) {
    Asking asking;
    asking.ignored = asking.left_out = std::move(names);
    return asking.key(body);
  };
  const std::string plain = key({}, R"({"model":"m"})");
  const std::string without = key({"id"}, R"({"model":"m","id":1})");
  EXPECT_EQ(without, key({"id"}, R"({"id":2,"model":"m"})"));
  EXPECT_EQ(without, key({"id"}, R"({"model":"m"})"));
  // Nobody puts an answer under the question of those who leave nothing out.
  EXPECT_NE(without, plain);
  EXPECT_NE(key({"id", "tools"}, R"({"model":"m"})"), without);
  EXPECT_NE(key({"a", "body"}, R"({"model":"m"})"), key({"a"}, R"({"model":"m"})"));
  EXPECT_EQ(key({"store"}, R"({"store":true})"), "stateful");
  Asking configured;
  configured.ignored = {"id"};
  EXPECT_EQ(configured.key(R"({"model":"m","id":1})"), plain);
}

std::string lines(const AliasAnswer& answer, Aliases aliases) {
  std::string text;
  append_alias_lines(answer, aliases, &text);
  return text;
}

TEST(Aliases, EachGatewayTellsAHitInItsWords) {
  const AliasAnswer hit{AliasAnswer::Status::kHit, 12, 850, 288};
  EXPECT_EQ(lines(hit, only(Alias::kHelicone)),
            "Helicone-Cache: HIT\r\nHelicone-Cache-Bucket-Idx: 0\r\n"
            "Helicone-Cache-Latency: 850\r\n");
  EXPECT_EQ(lines(hit, only(Alias::kCloudflare)), "cf-aig-cache-status: HIT\r\n");
  EXPECT_EQ(lines(hit, only(Alias::kPortkey)), "x-portkey-cache-status: HIT\r\n");
  EXPECT_EQ(lines(hit, only(Alias::kOpenrouter)),
            "X-OpenRouter-Cache-Status: HIT\r\nX-OpenRouter-Cache-Age: 12\r\n"
            "X-OpenRouter-Cache-TTL: 288\r\n");
  EXPECT_EQ(lines(hit, {}), "");
  const AliasAnswer stale{AliasAnswer::Status::kHit, 400, 850, -100};
  EXPECT_NE(lines(stale, all()).find("X-OpenRouter-Cache-TTL: 0\r\n"), std::string::npos);
}

TEST(Aliases, EachGatewayTellsTheRestInItsWords) {
  const AliasAnswer miss{AliasAnswer::Status::kMiss, 0, 0, 300};
  EXPECT_EQ(lines(miss, all()),
            "Helicone-Cache: MISS\r\ncf-aig-cache-status: MISS\r\n"
            "x-portkey-cache-status: MISS\r\nX-OpenRouter-Cache-Status: MISS\r\n"
            "X-OpenRouter-Cache-TTL: 300\r\n");
  const AliasAnswer refresh{AliasAnswer::Status::kRefresh, 0, 0, std::nullopt};
  EXPECT_EQ(lines(refresh, all()),
            "Helicone-Cache: MISS\r\ncf-aig-cache-status: MISS\r\n"
            "x-portkey-cache-status: REFRESH\r\nX-OpenRouter-Cache-Status: MISS\r\n");
  const AliasAnswer bypass{AliasAnswer::Status::kBypass, 0, 0, std::nullopt};
  EXPECT_EQ(lines(bypass, all()), "x-portkey-cache-status: DISABLED\r\n");
}

TEST(Aliases, WhatUpstreamSaysUnderThoseNamesIsReplaced) {
  http::Fields fields = fields_of({{"CF-AIG-Cache-Status", "HIT"},
                                   {"Helicone-Cache", "HIT"},
                                   {"cf-aig-log-id", "l"},
                                   {"cf-aig-cache-status", "HIT"}});
  set_alias_fields({}, only(Alias::kCloudflare), &fields);
  EXPECT_EQ(fields.combined("cf-aig-cache-status"), "MISS");
  EXPECT_EQ(fields.combined("Helicone-Cache"), "HIT");
  EXPECT_TRUE(fields.find("cf-aig-log-id"));
}

}  // namespace
}  // namespace reprise::openai
