#include "openai/endpoint.h"

#include <gtest/gtest.h>

#include <string>

namespace reprise::openai {
namespace {

Route post(std::string_view target) { return classify("POST", target); }

TEST(Endpoint, KnowsEveryRouteWithAndWithoutVersion) {
  for (size_t i = 1; i < kRouteCount; ++i) {
    const auto route = static_cast<Route>(i);
    const std::string name(route_name(route));
    EXPECT_EQ(post("/v1/" + name), route);
    EXPECT_EQ(post("/some/prefix/v1/" + name), route);
    EXPECT_EQ(post("/openai/v1/" + name + "?api-version=preview"), route);
    if (route != Route::kCompletions) {
      EXPECT_EQ(post("/" + name), route);
    }
  }
  EXPECT_EQ(route_name(Route::kOther), "other");
  EXPECT_EQ(route_name(Route::kChatCompletions), "chat/completions");
}

TEST(Endpoint, FindsRoutesByName) {
  for (size_t i = 0; i < kRouteCount; ++i) {
    const auto route = static_cast<Route>(i);
    EXPECT_EQ(route_named(route_name(route)), route);
  }
  EXPECT_EQ(route_named("chat"), std::nullopt);
  EXPECT_EQ(route_named(""), std::nullopt);
}

TEST(Endpoint, KnowsTheOtherVersions) {
  EXPECT_EQ(post("/v2/rerank"), Route::kRerank);
  EXPECT_EQ(post("/v2/chat/completions"), Route::kOther);
  EXPECT_EQ(post("/v2/score"), Route::kOther);
  EXPECT_EQ(post("/v3/rerank"), Route::kOther);
}

TEST(Endpoint, KnowsAzureDeployments) {
  EXPECT_EQ(post("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"),
            Route::kChatCompletions);
  EXPECT_EQ(post("/openai/deployments/d/completions"), Route::kCompletions);
  EXPECT_EQ(post("/openai/deployments/d/embeddings"), Route::kEmbeddings);
  EXPECT_EQ(post("/openai/deployments/d/responses"), Route::kOther);
  EXPECT_EQ(post("/openai/deployments/d/images/generations"), Route::kOther);
  EXPECT_EQ(post("/openai/deployments/chat/completions"), Route::kCompletions);  // named chat
  EXPECT_EQ(post("/openai/deployments//chat/completions"), Route::kOther);
  EXPECT_EQ(post("/openai/deployments/a/b/chat/completions"), Route::kOther);
  EXPECT_EQ(post("/deployments/d/chat/completions"), Route::kOther);
}

TEST(Endpoint, IgnoresTheQuery) {
  EXPECT_EQ(post("/v1/embeddings?"), Route::kEmbeddings);
  EXPECT_EQ(post("/v1/embeddings?a=/v1/files"), Route::kEmbeddings);
  EXPECT_EQ(post("/v1/files?x=/v1/embeddings"), Route::kOther);
  EXPECT_EQ(post("?/v1/embeddings"), Route::kOther);
}

TEST(Endpoint, OnlyPostIsCacheable) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "POST ", ""}) {
    EXPECT_EQ(classify(method, "/v1/chat/completions"), Route::kOther) << method;
  }
}

TEST(Endpoint, LeavesNativeAndStatefulPathsAlone) {
  for (const char* target : {"/completion",
                             "/completions",
                             "/infill",
                             "/v1/infill",
                             "/api/chat",
                             "/api/generate",
                             "/api/embed",
                             "/api/embeddings",
                             "/api/chat/completions",
                             "/v1/responses/compact",
                             "/v1/responses/resp_1",
                             "/v1/responses/resp_1/cancel",
                             "/v1/responses/resp_1/input_items",
                             "/v1/chat/completions/chatcmpl-1",
                             "/v1/chat",
                             "/v1/models",
                             "/v1/files",
                             "/v1/batches",
                             "/v1/audio/speech",
                             "/v1/images/generations",
                             "/v1/threads/t/messages",
                             "/tokenize",
                             "/classify",
                             "/pooling",
                             "/slots",
                             "/props",
                             "/metrics",
                             "/",
                             "",
                             "*",
                             "/v1",
                             "/v1/",
                             "/v1/messages/batches",
                             "/v1/threads/t/runs",
                             "/v1/vector_stores",
                             "/v1/rerank/x"}) {
    EXPECT_EQ(post(target), Route::kOther) << target;
  }
}

TEST(Endpoint, TakesExactBytesOnly) {
  for (const char* target : {"/v1/chat/completions/",
                             "/v1//chat/completions",
                             "//v1/chat/completions",
                             "//chat/completions",
                             "/v1/chat//completions",
                             "/V1/chat/completions",
                             "/v1/Chat/Completions",
                             "/v1/chat%2Fcompletions",
                             "/v1/chat%2fcompletions",
                             "/%761/chat/completions",
                             "/v1/chat/completion%73",
                             "/./v1/chat/completions",
                             "/v1/./chat/completions",
                             "/a/../v1/chat/completions",
                             "/../v1/chat/completions",
                             "/%2e%2e/v1/chat/completions",
                             "/a%2f..%2f/v1/chat/completions",
                             "/a;b/v1/chat/completions",
                             "/..;/v1/chat/completions",
                             "/v1/chat/completions;x",
                             "/a\\b/v1/chat/completions",
                             "/v1/responses/../chat/completions",
                             "v1/chat/completions",
                             "chat/completions",
                             "http://host/v1/chat/completions",
                             "/v1/chat/completions#x",
                             "/xv1/chat/completions",
                             "/v1x/chat/completions",
                             "/xchat/completions",
                             "/\xC3\xA9/v1/chat/completions",
                             "/a b/v1/chat/completions",
                             "/v1/chat/completions "}) {
    EXPECT_EQ(post(target), Route::kOther) << target;
  }
  EXPECT_EQ(post(std::string_view("/v1/chat/completions\0", 21)), Route::kOther);
  EXPECT_EQ(post("/api/v1/chat/completions"), Route::kChatCompletions);
  EXPECT_EQ(post("/a.b_c-d~e/v1/chat/completions"), Route::kChatCompletions);
}

TEST(Form, OptionsCountOnlyInStreams) {
  EXPECT_EQ((Form{false, true, true}), (Form{false, false, false}));
  EXPECT_NE((Form{true, true, true}), (Form{true, false, true}));
  EXPECT_NE((Form{true, true, true}), (Form{true, true, false}));
}

}  // namespace
}  // namespace reprise::openai
