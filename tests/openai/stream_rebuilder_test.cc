#include "openai/stream_rebuilder.h"

#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

std::string rebuilt(std::string_view stream, const Form& wanted,
                    Route route = Route::kChatCompletions) {
  return said(rebuild(route, stream, wanted, kRoomy));
}

constexpr std::string_view kHi =
    R"({ "id":"c", "choices":[{"index":0,"delta":{"content":"\u0068i"}}],"usage":null})";
constexpr std::string_view kEnd =
    R"({"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null})";
constexpr std::string_view kUsage = R"({"id":"c","choices":[],"usage":{"n":1.0}})";

TEST(StreamRebuilder, TheUsageChunkGoes) {
  const std::string with = stream_of({kHi, kEnd, kUsage});
  EXPECT_EQ(rebuilt(with, streamed(false)), stream_of({kHi, kEnd}));
  EXPECT_EQ(rebuilt(with, streamed(true)), with);
  EXPECT_EQ(rebuilt(stream_of({kHi, R"({"usage":{}})", R"({"choices":null,"usage":{}})"}),
                    streamed(false)),
            stream_of({kHi}));
}

TEST(StreamRebuilder, OtherChunksWithoutChoicesStay) {
  const std::string stream =
      stream_of({R"({"choices":[],"prompt_filter_results":[]})", kHi,
                 R"({"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"n":1}})"});
  EXPECT_EQ(rebuilt(stream, streamed(false)), stream);
}

TEST(StreamRebuilder, UsageIsAddedIfOtherChunksTellIt) {
  const std::string_view head =
      R"({"id":"","created":0,"model":"m","system_fingerprint":null,"choices":[]})";
  const std::string_view end =
      R"({"id":"c","created":7,"service_tier":"flex","system_fingerprint":"fp","choices":[)"
      R"({"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"n":2}})";
  const std::string stream = stream_of({head, R"({"choices":[{"index":0}],"usage":{"n":1}})", end});
  const auto expected = [&](std::string_view object) {
    return stream_of({head, R"({"choices":[{"index":0}],"usage":{"n":1}})", end,
                      R"({"id":"c","object":")" + std::string(object) +
                          R"(","created":7,"model":"m","service_tier":"flex",)"
                          R"("system_fingerprint":"fp","choices":[],"usage":{"n":2}})"});
  };
  EXPECT_EQ(rebuilt(stream, streamed(true)), expected("chat.completion.chunk"));
  EXPECT_EQ(rebuilt(stream, streamed(true), Route::kCompletions), expected("text_completion"));
  // Nobody said [DONE], so nobody says it here.
  const std::string undone = stream.substr(0, stream.size() - 14);
  const std::string with_done = expected("chat.completion.chunk");
  EXPECT_EQ(rebuilt(undone, streamed(true)), with_done.substr(0, with_done.size() - 14));
}

TEST(StreamRebuilder, UsageIsNeverInvented) {
  EXPECT_EQ(rebuilt(stream_of({kHi, kEnd}), streamed(true)), "refused: usage");
  EXPECT_EQ(rebuilt("data: " + std::string(kHi) + "\n\n", streamed(true)), "refused: usage");
}

TEST(StreamRebuilder, ObfuscationGoesAndAllElseStays) {
  const auto without = [](std::string_view chunk) {
    const std::string stream = rebuilt(stream_of({chunk}), streamed(false, false));
    constexpr size_t kFrame = 6;
    constexpr size_t kEnding = 16;
    return stream.size() < kFrame + kEnding
               ? stream
               : stream.substr(kFrame, stream.size() - kFrame - kEnding);
  };
  EXPECT_EQ(without(R"({"a":1.0,"obfuscation":"x\"","b":"\u0062"})"), R"({"a":1.0,"b":"\u0062"})");
  EXPECT_EQ(without(R"({ "a" : 1 , "obfuscation" : "x" , "b" : 2 })"), R"({ "a" : 1 , "b" : 2 })");
  EXPECT_EQ(without(R"( {"obfuscation":"x", "a":1})"), R"( { "a":1})");
  EXPECT_EQ(without(R"({"a":[{"x":"]}"}], "obfuscation":"x" } )"), R"({"a":[{"x":"]}"}]} )");
  EXPECT_EQ(without(R"({"obfuscation":null})"), "{}");
  EXPECT_EQ(without(R"({"a":true ,"obfusc\u0061tion":{"x":[1]}})"), R"({"a":true })");
  EXPECT_EQ(without(R"({"a":{"obfuscation":"x"},"b":"obfuscation"})"),
            R"({"a":{"obfuscation":"x"},"b":"obfuscation"})");
  const std::string padded = stream_of({R"({"a":1,"obfuscation":"x"})"});
  EXPECT_EQ(rebuilt(padded, streamed(false, true)), padded);
}

TEST(StreamRebuilder, FramesAreWrittenAnew) {
  EXPECT_EQ(rebuilt("\xEF\xBB\xBF: hello\r\n\r\nevent: ping\r\n\r\nid: 1\r\nretry: 3\r\n"
                    "event: x\r\ndata:{\"a\":\r\ndata:  1}\r\n\r\ndata:[DONE]",
                    streamed()),
            "event: x\ndata: {\"a\":\ndata:  1}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(rebuilt("data: {\"a\":\"\xE2\x80\xA8\"}\n\n", streamed()),
            "data: {\"a\":\"\xE2\x80\xA8\"}\n\n");
  EXPECT_EQ(rebuilt(stream_of({kHi}) + "data: more\n\n", streamed()), stream_of({kHi}));
}

TEST(StreamRebuilder, WhatCannotBeReadIsRefused) {
  EXPECT_EQ(rebuilt("data: [1]\n\n", streamed()), "refused: malformed");
  EXPECT_EQ(rebuilt("data: {\"a\":1,\"a\":2}\n\n", streamed()), "refused: malformed");
  EXPECT_EQ(rebuilt("data: {}", streamed()), "refused: malformed");
}

// What a stream becomes that is fed in two pieces, or byte by byte, and why it ends early.
std::string rebuilt_in_pieces(std::string_view stream, const Form& wanted, size_t cut,
                              Route route = Route::kChatCompletions) {
  StreamRebuilder rebuilder(route, wanted, stream.size());
  std::string out;
  const auto keep = [&out](std::string_view piece) { out.append(piece); };
  Refused refused;
  if (cut > 0) {
    refused = rebuilder.feed(stream.substr(0, cut), keep);
    if (!refused) refused = rebuilder.feed(stream.substr(cut), keep);
  } else {
    for (size_t i = 0; i < stream.size() && !refused; ++i) {
      refused = rebuilder.feed(stream.substr(i, 1), keep);
    }
  }
  if (!refused) refused = rebuilder.finish(keep);
  if (refused) out += "refused: " + std::string(unconvertible_name(*refused));
  return out;
}

TEST(StreamRebuilder, HoweverItIsCutItBecomesTheSame) {
  const std::string padded =
      R"({"choices":[{"index":0,"delta":{"content":"\u00e9Ã\xA9"}}],"obfuscation":"x"})";
  const std::string streams[] = {
      stream_of({kHi, kEnd, kUsage}),
      stream_of({padded, kEnd, kUsage}),
      stream_of({R"({"choices":[{"index":0}],"usage":{"n":1}})", kEnd}),
      "\xEF\xBB\xBF: hello\r\n\r\nevent: ping\r\n\r\nid: 1\r\nevent: x\r\n"
      "data:{\"a\":\r\ndata:  1}\r\n\r\ndata:[DONE]",
      "data: " + std::string(kHi) + "\r\rdata: " + std::string(kUsage) + "\r\r",
      stream_of({kHi}) + "data: more\n\n" + std::string(2000, 'x'),
      "data: " + std::string(kHi) + "\n\ndata: [1]\n\n" + stream_of({kEnd}),
      "data: " + std::string(kHi) + "\n\ndata: {}",
      "",
  };
  for (const std::string& stream : streams) {
    for (const Form& wanted : {streamed(false), streamed(true), streamed(true, false)}) {
      const std::string whole = rebuilt_in_pieces(stream, wanted, stream.size());
      EXPECT_EQ(rebuilt_in_pieces(stream, wanted, 0), whole) << stream;
      for (size_t cut = 1; cut < stream.size(); ++cut) {
        ASSERT_EQ(rebuilt_in_pieces(stream, wanted, cut), whole) << stream << "\ncut at " << cut;
      }
    }
  }
}

TEST(StreamRebuilder, AnEventLeavesInThePieceThatCompletesIt) {
  const std::string stream = stream_of({kHi, kEnd, kUsage});
  StreamRebuilder rebuilder(Route::kChatCompletions, streamed(false), stream.size());
  std::string out;
  const auto keep = [&out](std::string_view piece) { out.append(piece); };
  const size_t first = stream.find("\n\n") + 2;
  EXPECT_FALSE(rebuilder.feed(stream.substr(0, first - 1), keep));
  EXPECT_EQ(out, "");
  EXPECT_FALSE(rebuilder.feed("\n", keep));
  EXPECT_EQ(out, stream.substr(0, first));
}

TEST(StreamRebuilder, WhatCameBeforeARefusalIsGiven) {
  const std::string good = "data: " + std::string(kHi) + "\n\n";
  const std::string bad = good + "data: [1]\n\n" + good;
  EXPECT_EQ(rebuilt_in_pieces(bad, streamed(), bad.size()), good + "refused: malformed");
}

TEST(StreamRebuilder, AnEventBeyondItsBoundIsRefused) {
  const std::string large = "data: {\"a\":\"" + std::string(200, 'a') + "\"}\n\n";
  const std::string small = "data: {\"b\":1}\n\n";
  StreamRebuilder rebuilder(Route::kChatCompletions, streamed(), 100);
  std::string out;
  const auto keep = [&out](std::string_view piece) { out.append(piece); };
  std::string many;
  for (int i = 0; i < 100; ++i) many += small;
  EXPECT_FALSE(rebuilder.feed(many, keep));
  EXPECT_EQ(out, many);
  EXPECT_EQ(rebuilder.feed(large, keep), Unconvertible::kTooLarge);
  EXPECT_EQ(rebuilder.feed(small, keep), Unconvertible::kTooLarge);
  EXPECT_EQ(rebuilder.finish(keep), Unconvertible::kTooLarge);
  EXPECT_EQ(out, many);
}

// What follows [DONE] is nobody's business.
TEST(StreamRebuilder, NothingBehindDoneIsRefused) {
  const std::string stream = "data: {\"b\":1}\n\ndata: [DONE]\n\n";
  StreamRebuilder rebuilder(Route::kChatCompletions, streamed(), 100);
  std::string out;
  const auto keep = [&out](std::string_view piece) { out.append(piece); };
  EXPECT_FALSE(rebuilder.feed(stream + "data: " + std::string(500, 'x') + "\n\n", keep));
  EXPECT_FALSE(rebuilder.finish(keep));
  EXPECT_EQ(out, stream);
}

TEST(StreamRebuilder, LargeStreamsBecomeTheSameAsSmallOnes) {
  std::string stream;
  std::string expected;
  for (size_t i = 0; i < 3000; ++i) {
    // Sizes of all kinds, some of them larger than a piece of the stream.
    const std::string content(i % 1000 == 7 ? 200000 : i % 97, 'x');
    const std::string choice = R"({"choices":[{"index":0,"delta":{"content":")" + content + "\"}}]";
    stream += "data: " + choice + ",\"obfuscation\":\"y\"}\n\n";
    expected += "data: " + choice + "}\n\n";
  }
  EXPECT_EQ(rebuilt(stream, streamed(false, false)), expected);
}

TEST(StreamRebuilder, NothingIsLargerThanAllowed) {
  const std::string stream = stream_of({kHi, kEnd});
  EXPECT_TRUE(rebuild(Route::kChatCompletions, stream, streamed(), stream.size()));
  for (const size_t room : {size_t{0}, size_t{9}, stream.size() - 1}) {
    EXPECT_EQ(said(rebuild(Route::kChatCompletions, stream, streamed(), room)),
              "refused: too_large");
  }
}

}  // namespace
}  // namespace reprise::openai
