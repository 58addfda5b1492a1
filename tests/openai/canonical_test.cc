#include <gtest/gtest.h>

#include <string>

#include "openai/asking.h"

namespace reprise::openai {
namespace {

const Asking kChat = asking(Route::kChatCompletions);
const Asking kResponses = asking(Route::kResponses);

std::string canonical(const Asking& asking, std::string_view body) {
  return asking.details(body).canonical;
}

TEST(Canonical, SortsTopLevelMembersOnly) {
  EXPECT_EQ(canonical(kChat, R"({"model":"m","a":{"z":1,"a":2},"messages":[]})"),
            R"({"a":{"z":1,"a":2},"messages":[],"model":"m"})");
  EXPECT_EQ(kChat.key(R"({"model":"m","messages":[]})"),
            kChat.key(R"({"messages":[],"model":"m"})"));
  EXPECT_NE(kChat.key(R"({"tools":[{"properties":{"a":1,"b":2}}]})"),
            kChat.key(R"({"tools":[{"properties":{"b":2,"a":1}}]})"));
}

TEST(Canonical, SortsByCodePointOfTheUnescapedName) {
  // As written, a newline would sort behind 'A' and a quote behind '[': unescaped they are before.
  EXPECT_EQ(canonical(kChat, R"({"z":1,"B":2,"\n":3,"\"":4,"\\":5,"":6,"a\u0000":7,"a":8,"ab":9})"),
            R"({"":6,"\n":3,"\"":4,"B":2,"\\":5,"a":8,"a\u0000":7,"ab":9,"z":1})");
  EXPECT_EQ(canonical(kChat, R"({"abcdefghij":1,"abcdefgh":2,"abcdefgha":3})"),
            R"({"abcdefgh":2,"abcdefgha":3,"abcdefghij":1})");
}

TEST(Canonical, TellsValuesApartThatServersTellApart) {
  const auto differ = [](const char* a, const char* b) {
    const std::string first = kChat.key(std::string("{\"model\":\"m\",") + a + "}");
    const std::string second = kChat.key(std::string("{\"model\":\"m\",") + b + "}");
    EXPECT_EQ(first.size(), 32u) << first;
    EXPECT_EQ(second.size(), 32u) << second;
    EXPECT_NE(first, second) << a << " and " << b;
  };
  differ(R"("temperature":0)", R"("temperature":0.0)");
  differ(R"("temperature":10)", R"("temperature":1e1)");
  differ(R"("temperature":1e1)", R"("temperature":1E1)");
  differ(R"("temperature":0)", R"("temperature":-0)");
  differ(R"("stop":null)", R"("x":null)");
  differ(R"("stop":null)", R"("stop":[])");
  differ(R"("stop":"x")", R"("stop":["x"])");
  differ(R"("stop":["x","y"])", R"("stop":["y","x"])");
  differ("\"x\":\"\u00e9\"", "\"x\":\"e\u0301\"");
  differ(R"("seed":1)", R"("seed":2)");
  differ(R"("top_k":1)", R"("top_q":1)");
  differ(R"("n":1)", R"("n":"1")");
  differ(R"("n":true)", R"("n":1)");
}

TEST(Canonical, NullIsNotAbsent) {
  EXPECT_NE(kChat.key(R"({"model":"m","stop":null})"), kChat.key(R"({"model":"m"})"));
  EXPECT_NE(kChat.key(R"({"model":"m","top_k":1})"), kChat.key(R"({"model":"m"})"));
}

TEST(Canonical, SpellingOfStringsDoesNotMatter) {
  EXPECT_EQ(kChat.key(R"({"model":"\u0061"})"), kChat.key(R"({"model":"a"})"));
  EXPECT_EQ(kChat.key(R"({"mod\u0065l":"a"})"), kChat.key(R"({"model":"a"})"));
  EXPECT_EQ(kChat.key("{\"x\":\"\\u00e9\\/\\ud83d\\ude00\"}"), kChat.key("{\"x\":\"é/😀\"}"));
  EXPECT_EQ(kChat.key("{\"x\": \"\\u000a\" }\n "), kChat.key("{\"x\":\"\\n\"}"));
}

TEST(Canonical, WhiteSpaceMayFollowAndNothingElse) {
  const std::string body = R"({"model":"m"})";
  EXPECT_EQ(kChat.key(body + "\n "), kChat.key(body));
  EXPECT_EQ(kChat.bypass(body + "x"), "trailing_bytes");
  EXPECT_EQ(kChat.bypass("\xEF\xBB\xBF" + body), "not_object");
}

TEST(Canonical, EveryFaultHasItsReason) {
  EXPECT_EQ(kChat.bypass(""), "not_json");
  EXPECT_EQ(kChat.bypass("{"), "not_json");
  EXPECT_EQ(kChat.bypass(R"({"n":NaN})"), "not_json");
  EXPECT_EQ(kChat.bypass("[]"), "not_object");
  EXPECT_EQ(kChat.bypass("{\"a\":\"\xFF\"}"), "invalid_utf8");
  EXPECT_EQ(kChat.bypass(R"({"a":"\ud800"})"), "lone_surrogate");
  EXPECT_EQ(kChat.bypass(R"({"n":1,"n":1})"), "duplicate_member");
  EXPECT_EQ(kChat.bypass(R"({"a":{"n":1,"n":1}})"), "duplicate_member");
  const std::string deep = std::string(127, '[') + std::string(127, ']');
  EXPECT_EQ(kChat.bypass("{\"a\":" + deep + "}"), "");
  EXPECT_EQ(kChat.bypass("{\"a\":[" + deep + "]}"), "depth");
}

TEST(Canonical, NamesThatSomeServersFoldBypass) {
  for (const char* name : {"\u017ftream",
                           "\\u017ftream",
                           "\u212a",
                           "é",
                           "\\u00e9",
                           "Stream",
                           "STREAM",
                           "sTREAM_options",
                           "Store",
                           "User",
                           "Model",
                           "N",
                           "Seed",
                           "Prompt_Cache_Key",
                           "PREVIOUS_RESPONSE_ID",
                           "Top_K",
                           "Web_search_options",
                           "Metadata",
                           "Tools",
                           "Input",
                           "Prompt",
                           "\\u0053tore"}) {
    EXPECT_EQ(kChat.bypass(std::string("{\"") + name + "\":1}"), "name_case") << name;
  }
  for (const char* name : {"Temperature", "X-Custom", "foo", "streams", "A", "", "~"}) {
    EXPECT_EQ(kChat.bypass(std::string("{\"") + name + "\":1}"), "") << name;
  }
  // Where case is ignored the later one wins, and which one is later gets lost by sorting.
  EXPECT_EQ(kChat.bypass(R"({"temperature":0,"x":1,"Temperature":1})"), "name_case");
  EXPECT_EQ(kChat.bypass(R"({"Abc":0,"aBC":1})"), "name_case");
  EXPECT_EQ(kChat.bypass(R"({"a":{"É":1,"Stream":2}})"), "");
}

TEST(Canonical, StreamChoosesTheForm) {
  const std::string absent = kChat.key(R"({"model":"m"})");
  for (const char* value : {"true", "false", "null"}) {
    const std::string body = std::string(R"({"model":"m","stream":)") + value + "}";
    EXPECT_EQ(kChat.key(body), absent);
    EXPECT_EQ(kChat.ask(body)->form.stream, std::string_view(value) == "true");
  }
  for (const char* value : {"\"true\"", "1", "0", "[]", "{}", "\"\"", "1.0"}) {
    EXPECT_EQ(kChat.bypass(std::string("{\"stream\":") + value + "}"), "stream_not_boolean")
        << value;
  }
  for (Route route : {Route::kCompletions, Route::kResponses, Route::kMessages}) {
    EXPECT_EQ(asking(route).key(R"({"stream":true})"), asking(route).key("{}"));
    EXPECT_TRUE(asking(route).ask(R"({"stream":true})")->form.stream);
  }
  const Asking embeddings = asking(Route::kEmbeddings);
  EXPECT_NE(embeddings.key(R"({"stream":true})"), embeddings.key("{}"));
  EXPECT_FALSE(embeddings.ask(R"({"stream":true})")->form.stream);
  EXPECT_EQ(embeddings.bypass(R"({"stream":1})"), "stream_not_boolean");
}

TEST(Canonical, StreamOptionsAreFormInPart) {
  const std::string absent = kChat.key(R"({"stream":true})");
  const auto with = [](const char* options) {
    return std::string(R"({"stream":true,"stream_options":)") + options + "}";
  };
  EXPECT_EQ(kChat.key(with("{}")), absent);
  EXPECT_EQ(kChat.key(with(R"({"include_usage":true})")), absent);
  EXPECT_EQ(kChat.key(with(R"({"include_obfuscation":false,"include_usage":false})")), absent);
  EXPECT_NE(kChat.key(with(R"({"continuous_usage_stats":true})")), absent);
  EXPECT_EQ(kChat.key(with(R"({"continuous_usage_stats":true,"include_usage":true})")),
            kChat.key(with(R"({"include_usage":false,"continuous_usage_stats":true})")));
  EXPECT_EQ(canonical(kChat, with(R"({"b":1,"include_usage":true,"a":[]})")),
            R"({"stream_options":{"b":1,"a":[]}})");
  EXPECT_NE(kChat.key(with("null")), absent);  // null is not absent
  const Form form = kChat.ask(with(R"({"include_usage":true,"include_obfuscation":false})"))->form;
  EXPECT_TRUE(form.stream && form.include_usage && !form.include_obfuscation);
  const Form plain = kChat.ask(with("{}"))->form;
  EXPECT_TRUE(plain.stream && !plain.include_usage && plain.include_obfuscation);
}

TEST(Canonical, UnclearStreamOptionsBypass) {
  for (const char* options :
       {"[]", "true", "\"x\"", "1", R"({"include_usage":1})", R"({"include_usage":null})",
        R"({"include_usage":"true"})", R"({"include_obfuscation":0})", R"({"Include_Usage":true})",
        R"({"\u0130nclude_usage":true})"}) {
    EXPECT_EQ(kChat.bypass(std::string(R"({"stream_options":)") + options + "}"), "stream_options")
        << options;
  }
  // Not a member of the messages protocol: part of the question as it is.
  const Asking messages = asking(Route::kMessages);
  EXPECT_EQ(messages.bypass(R"({"stream_options":1})"), "");
  EXPECT_NE(messages.key(R"({"stream_options":{}})"), messages.key("{}"));
}

TEST(Canonical, IdentityIsLeftOutByRoute) {
  struct Case {
    Route route;
    std::vector<std::string> out;
  };
  const std::vector<std::string> all = {"user",
                                        "safety_identifier",
                                        "metadata",
                                        "prompt_cache_key",
                                        "prompt_cache_retention",
                                        "prompt_cache_options"};
  const Case cases[] = {{Route::kChatCompletions, all},
                        {Route::kCompletions, {"user"}},
                        {Route::kEmbeddings, {"user"}},
                        {Route::kResponses, {}},
                        {Route::kMessages, {"metadata"}},
                        {Route::kModerations, {}},
                        {Route::kRerank, {}},
                        {Route::kScore, {}},
                        {Route::kResponsesInputTokens, {}},
                        {Route::kMessagesCountTokens, {}}};
  for (const Case& each : cases) {
    for (const std::string& name : all) {
      const bool out = std::find(each.out.begin(), each.out.end(), name) != each.out.end();
      const Asking asker = asking(each.route);
      EXPECT_EQ(asker.key("{\"" + name + "\":\"x\"}") == asker.key("{}"), out)
          << route_name(each.route) << " " << name;
    }
  }
}

TEST(Canonical, ConfigurationLeavesOutMore) {
  Asking ignoring = kChat;
  ignoring.ignored = {"seed", "store"};
  EXPECT_EQ(ignoring.key(R"({"model":"m","seed":1})"), ignoring.key(R"({"model":"m","seed":2})"));
  EXPECT_NE(ignoring.key(R"({"model":"m","x":{"seed":1}})"),
            ignoring.key(R"({"model":"m","x":{"seed":2}})"));
  EXPECT_EQ(ignoring.bypass(R"({"store":true})"), "stateful");  // its effect remains
  ignoring.ignored = {"stream_options", "model"};
  EXPECT_EQ(ignoring.key(R"({"stream_options":{"a":1}})"), ignoring.key("{}"));
  EXPECT_EQ(ignoring.details(R"({"model":"m"})").model, "m");
}

TEST(Canonical, StateBypassesOnlyWhereItHasAnEffect) {
  for (const Asking& asker : {kChat, kResponses}) {
    for (const char* member : {R"("store":true)", R"("store":"false")", R"("store":1)",
                               R"("store":{})", R"("background":true)", R"("background":"no")",
                               R"("previous_response_id":"resp_1")", R"("previous_response_id":"")",
                               R"("conversation":"c")", R"("conversation":{"id":"c"})"}) {
      EXPECT_EQ(asker.bypass(std::string("{") + member + "}"), "stateful") << member;
    }
    for (const char* member :
         {R"("store":false)", R"("store":null)", R"("background":false)", R"("background":null)",
          R"("previous_response_id":null)", R"("conversation":null)"}) {
      EXPECT_EQ(asker.bypass(std::string("{") + member + "}"), "") << member;
    }
  }
}

TEST(Canonical, ChatStateBypasses) {
  for (const char* member : {R"("web_search_options":{})", R"("modalities":["text","audio"])",
                             R"("modalities":["AUDIO"])", R"("modalities":"audio")",
                             R"("modalities":[1])", R"("modalities":{})"}) {
    EXPECT_EQ(kChat.bypass(std::string("{") + member + "}"), "stateful") << member;
  }
  for (const char* member :
       {R"("web_search_options":null)", R"("modalities":["text"])", R"("modalities":null)",
        R"("modalities":[])", R"("tools":[{"type":"web_search"}])", R"("prompt":"x")",
        R"("context_management":[1])", R"("container":"c")"}) {
    EXPECT_EQ(kChat.bypass(std::string("{") + member + "}"), "") << member;
  }
}

TEST(Canonical, ResponsesStateBypasses) {
  for (Route route : {Route::kResponses, Route::kResponsesInputTokens}) {
    for (const char* member :
         {R"("prompt":{"id":"p"})", R"("context_management":[{"type":"compaction"}])",
          R"("tools":[{"type":"web_search"}])", R"("tools":[{"type":"function"},{"type":"mcp"}])",
          R"("tools":[{"name":"x"}])", R"("tools":[{"type":"function","Type":"mcp"}])",
          R"("tools":["function"])", R"("tools":{})", R"("tools":[{"type":null}])",
          R"("input":[{"type":"item_reference","id":"i"}])", R"("input":[{"id":"i"}])",
          R"("input":[{"id":"i","type":null}])", R"("input":["x"])", R"("input":{})",
          R"("input":1)",
          R"("input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}])",
          R"("input":[{"role":"user","content":[{"type":"input_image","fil\u0065_id":"f"}]}])"}) {
      EXPECT_EQ(asking(route).bypass(std::string("{") + member + "}"), "stateful") << member;
    }
    for (const char* member :
         {R"("prompt":null)", R"("context_management":null)", R"("context_management":[])",
          R"("tools":null)", R"("tools":[])", R"("tools":[{"type":"function"},{"type":"custom"}])",
          R"("input":null)", R"("input":"file_id")", R"("input":"\"file_id\":1")", R"("input":[])",
          R"("input":[{"role":"user","content":"\"file_id\":\"x\""}])",
          R"("input":[{"role":"user","content":"{\"file_id\":1}","a\"file_id":1}])",
          R"("input":[{"role":"user","content":[{"type":"input_image","file_id":null}]}])",
          R"("input":[{"type":"function_call_output","call_id":"c","output":"x"}])",
          R"("web_search_options":{})", R"("modalities":["audio"])"}) {
      EXPECT_EQ(asking(route).bypass(std::string("{") + member + "}"), "") << member;
    }
  }
}

TEST(Canonical, MessagesStateBypasses) {
  for (const char* member :
       {R"("container":"c")", R"("container":{})", R"("mcp_servers":[{}])", R"("mcp_servers":{})",
        R"("tools":[{"type":"web_search_20250305","name":"web_search"}])",
        R"("tools":[{"type":"code_execution_20250522"}])", R"("tools":[{"name":"a"},{"type":"x"}])",
        R"("tools":[{"name":"a","TYPE":"web_search_20250305"}])", R"("tools":{})",
        R"("tools":[1])"}) {
    EXPECT_EQ(asking(Route::kMessages).bypass(std::string("{") + member + "}"), "stateful")
        << member;
  }
  for (const char* member :
       {R"("container":null)", R"("mcp_servers":[])", R"("mcp_servers":null)", R"("tools":[])",
        R"("tools":[{"name":"a","input_schema":{"type":"object"}}])",
        R"("tools":[{"type":"custom","name":"a"},{"type":"bash_20250124","name":"bash"}])",
        R"("context_management":{"edits":[]})", R"("prompt":"x")"}) {
    EXPECT_EQ(asking(Route::kMessages).bypass(std::string("{") + member + "}"), "") << member;
  }
}

TEST(Canonical, OtherRoutesReadTheirOwnFieldsOnly) {
  EXPECT_EQ(asking(Route::kCompletions).bypass(R"({"prompt":"x","tools":1,"input":1})"), "");
  EXPECT_EQ(asking(Route::kEmbeddings).bypass(R"({"input":["a",[1,2]],"encoding_format":"float"})"),
            "");
  EXPECT_NE(asking(Route::kEmbeddings).key(R"({"encoding_format":"float"})"),
            asking(Route::kEmbeddings).key(R"({"encoding_format":"base64"})"));
  EXPECT_EQ(asking(Route::kModerations).bypass(R"({"input":[{"type":"text","text":"x"}]})"), "");
}

}  // namespace
}  // namespace reprise::openai
