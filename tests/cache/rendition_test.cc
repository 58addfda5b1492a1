#include "cache/rendition.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cache/entries.h"
#include "fakes/gzip.h"

namespace reprise::cache {
namespace {

using openai::Conversion;
using openai::Form;
using openai::Unconvertible;
using recording::Mark;

constexpr size_t kRoomy = size_t{16} << 20;
constexpr Form kJson{};
constexpr Form kStream{.stream = true};
constexpr Form kUsage{.stream = true, .include_usage = true};

const std::string kHi =
    R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]})"
    "\n\n";
const std::string kEnd =
    R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";
const std::string kTokens =
    R"(data: {"id":"c","model":"m","choices":[],"usage":{"total_tokens":3}})"
    "\n\n";
const std::string kDone = "data: [DONE]\n\n";
const std::string kWhole =
    R"({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,)"
    R"("finish_reason":"stop"}]})";

// Recorded: an entry whose answer came in these pieces, 100 ms from one to the next.
struct Recorded {
  Form form = kStream;
  std::vector<std::string> pieces = {};
  std::vector<std::string> codings = {};
  openai::Route route = openai::Route::kChatCompletions;

  std::shared_ptr<const Entry> make() const {
    SampleEntry sample("q");
    sample.entry.form = sample.entry.asked_form = form;
    sample.entry.route = route;
    http::ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.fields.add("Content-Type",
                    form.stream ? "text/event-stream; charset=latin1" : "application/json; x=y");
    head.fields.add("openai-version", "2020-10-01");
    for (const std::string& coding : codings) head.fields.add("Content-Encoding", coding);
    std::string body;
    std::vector<Mark> marks;
    for (const std::string& piece : pieces) {
      body += piece;
      marks.push_back({body.size(), static_cast<uint32_t>(100 * (marks.size() + 1))});
    }
    auto entry = std::make_shared<Entry>(sample.entry);
    entry->answer = std::make_shared<const recording::Record>(
        std::move(head), base::Bytes::copy_of(body), std::move(marks));
    return entry;
  }
};

std::string body_of(const Rendition& rendition) {
  if (rendition.answer != nullptr) return std::string(rendition.answer->body().view());
  return "refused: " + std::string(openai::unconvertible_name(rendition.refused));
}

std::string marks_of(const Rendition& rendition) {
  std::string text;
  for (const Mark& mark : rendition.answer->marks()) {
    text += std::to_string(mark.end) + "@" + std::to_string(mark.offset_ms) + " ";
  }
  return text;
}

std::string mark(size_t end, int offset_ms) {
  return std::to_string(end) + "@" + std::to_string(offset_ms) + " ";
}

std::shared_ptr<const Rendition> rendered(const Recorded& recorded, const Form& wanted,
                                          size_t bytes_max = kRoomy) {
  const auto entry = recorded.make();
  return make_rendition(*entry, entry->conversion_to(wanted), bytes_max);
}

TEST(Rendition, IsWhatTheAnswerAmountsTo) {
  const auto json = rendered({.pieces = {kHi, kEnd + kDone}}, kJson);
  EXPECT_EQ(body_of(*json), kWhole);
  EXPECT_EQ(json->conversion.step, Conversion::Step::kAssemble);
  EXPECT_EQ(marks_of(*json), mark(kWhole.size(), 0));
  const std::string head(json->replay_head.view());
  EXPECT_NE(head.find("Content-Type: application/json\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("openai-version: 2020-10-01\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("X-Accel-Buffering"), std::string::npos) << head;

  const auto stream = rendered({.form = kJson, .pieces = {kWhole}}, kStream);
  EXPECT_TRUE(body_of(*stream).ends_with(kDone));
  const std::string stream_head(stream->replay_head.view());
  EXPECT_NE(stream_head.find("Content-Type: text/event-stream; charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_NE(stream_head.find("X-Accel-Buffering: no\r\n"), std::string::npos) << stream_head;
}

TEST(Rendition, OfARebuiltStreamKeepsItsTimes) {
  const auto bare = rendered({.form = kUsage, .pieces = {kHi, kEnd, kTokens, kDone}}, kStream);
  EXPECT_EQ(body_of(*bare), kHi + kEnd + kDone);
  EXPECT_EQ(marks_of(*bare), mark(kHi.size(), 100) + mark(kHi.size() + kEnd.size(), 200) +
                                 mark(kHi.size() + kEnd.size() + kDone.size(), 400));
}

// An event that came in two pieces came with the second.
TEST(Rendition, AnEventComesWithThePieceThatCompletesIt) {
  const std::string half = kHi.substr(0, 20);
  const auto bare = rendered(
      {.form = kUsage,
       .pieces = {half, kHi.substr(20) + kEnd.substr(0, 9), kEnd.substr(9) + kTokens + kDone}},
      kStream);
  EXPECT_EQ(body_of(*bare), kHi + kEnd + kDone);
  EXPECT_EQ(marks_of(*bare),
            mark(kHi.size(), 200) + mark(kHi.size() + kEnd.size() + kDone.size(), 300));
}

TEST(Rendition, UsageThatIsAddedComesWithTheEnd) {
  const std::string told =
      R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
      R"("usage":{"total_tokens":3}})"
      "\n\n";
  const auto undone = rendered({.pieces = {kHi, told}}, kUsage);
  const std::string body = body_of(*undone);
  EXPECT_TRUE(body.starts_with(kHi + told)) << body;
  EXPECT_TRUE(body.ends_with(R"("choices":[],"usage":{"total_tokens":3}})"
                             "\n\n"))
      << body;
  EXPECT_EQ(marks_of(*undone),
            mark(kHi.size(), 100) + mark(kHi.size() + told.size(), 200) + mark(body.size(), 200));
}

TEST(Rendition, OfADecodedStreamKeepsItsTimes) {
  const std::vector<std::string> plain = {kHi, kEnd, kDone};
  const Recorded recorded{.pieces = fakes::gzip_pieces(plain), .codings = {"gzip"}};
  const auto same = rendered(recorded, kStream);
  EXPECT_EQ(same->conversion.step, Conversion::Step::kNone);
  EXPECT_EQ(body_of(*same), kHi + kEnd + kDone);
  EXPECT_EQ(marks_of(*same), mark(kHi.size(), 100) + mark(kHi.size() + kEnd.size(), 200) +
                                 mark(kHi.size() + kEnd.size() + kDone.size(), 300));
  const std::string head(same->replay_head.view());
  EXPECT_EQ(head.find("Content-Encoding"), std::string::npos) << head;
  // What was recorded stays what it is.
  EXPECT_NE(head.find("Content-Type: text/event-stream; charset=latin1\r\n"), std::string::npos);
  EXPECT_EQ(body_of(*rendered(recorded, kJson)), kWhole);
}

TEST(Rendition, OfADecodedAndRebuiltStreamKeepsItsTimes) {
  const Recorded recorded{.form = kUsage,
                          .pieces = fakes::gzip_pieces({kHi, kEnd, kTokens, kDone}),
                          .codings = {"gzip"}};
  const auto bare = rendered(recorded, kStream);
  EXPECT_EQ(body_of(*bare), kHi + kEnd + kDone);
  EXPECT_EQ(marks_of(*bare), mark(kHi.size(), 100) + mark(kHi.size() + kEnd.size(), 200) +
                                 mark(kHi.size() + kEnd.size() + kDone.size(), 400));
}

// Two lines of one field say what one line with a comma says.
TEST(Rendition, CodingsMayBeNamedInTwoLines) {
  const std::string twice = fakes::gzip(fakes::gzip(kWhole));
  for (const std::vector<std::string>& codings :
       {std::vector<std::string>{"gzip", "gzip"}, {"gzip, gzip"}, {"identity", "gzip", "gzip"}}) {
    const Recorded recorded{.form = kJson, .pieces = {twice}, .codings = codings};
    EXPECT_TRUE(is_coded(*recorded.make()->answer));
    if (codings.front() == "identity") continue;  // three are too many
    EXPECT_EQ(body_of(*rendered(recorded, kJson)), kWhole);
  }
  const Recorded second{
      .form = kJson, .pieces = {fakes::gzip(kWhole)}, .codings = {"identity", "gzip"}};
  EXPECT_EQ(body_of(*rendered(second, kJson)), kWhole);
}

TEST(Rendition, IdentityIsNoCoding) {
  EXPECT_FALSE(is_coded(*Recorded{.pieces = {kHi}, .codings = {"identity"}}.make()->answer));
  EXPECT_FALSE(is_coded(*Recorded{.pieces = {kHi}}.make()->answer));
  EXPECT_TRUE(is_coded(*Recorded{.pieces = {kHi}, .codings = {"GZip"}}.make()->answer));
}

TEST(Rendition, AnAnswerWithoutTimesIsConvertedWhole) {
  auto entry = std::make_shared<Entry>(*Recorded{.form = kUsage, .pieces = {kHi}}.make());
  entry->answer = std::make_shared<const recording::Record>(
      entry->answer->head(), base::Bytes::copy_of(kHi + kEnd + kTokens + kDone),
      std::vector<Mark>{});
  const auto bare = make_rendition(*entry, entry->conversion_to(kStream), kRoomy);
  EXPECT_EQ(body_of(*bare), kHi + kEnd + kDone);
}

TEST(Rendition, SaysWhyThereIsNone) {
  EXPECT_EQ(body_of(*rendered({.pieces = {kHi, kEnd + kDone}}, kUsage)), "refused: usage");
  EXPECT_EQ(body_of(*rendered({.form = kJson, .pieces = {"{"}}, kStream)), "refused: malformed");
  EXPECT_EQ(body_of(*rendered({.pieces = {kHi, "data: [1]\n\n"}}, kUsage)), "refused: malformed");
  EXPECT_EQ(body_of(*rendered({.pieces = {"no gzip"}, .codings = {"gzip"}}, kJson)),
            "refused: malformed");
  EXPECT_EQ(body_of(*rendered({.pieces = {"?"}, .codings = {"x-own"}}, kJson)),
            "refused: malformed");
  const std::string cut = fakes::gzip(kHi + kEnd + kDone);
  EXPECT_EQ(
      body_of(*rendered({.pieces = {cut.substr(0, cut.size() - 4)}, .codings = {"gzip"}}, kStream)),
      "refused: malformed");
  EXPECT_EQ(body_of(*rendered(
                {.form = kJson, .pieces = {R"({"data":[]})"}, .route = openai::Route::kEmbeddings},
                kStream)),
            "refused: route");
}

TEST(Rendition, IsNeverLargerThanAllowed) {
  const Recorded streamed{.form = kUsage, .pieces = {kHi, kEnd, kTokens, kDone}};
  const Recorded coded{.pieces = {fakes::gzip(kHi + kEnd + kDone)}, .codings = {"gzip"}};
  const Recorded json{.form = kJson, .pieces = {kWhole}};
  for (size_t room = 0; room < 1200; room += 7) {
    for (const auto& rendition :
         {rendered(streamed, kStream, room), rendered(streamed, kJson, room),
          rendered(coded, kStream, room), rendered(json, kStream, room)}) {
      if (rendition->answer != nullptr) {
        EXPECT_LE(rendition->answer->body().size(), room);
      } else {
        EXPECT_EQ(body_of(*rendition), "refused: too_large");
      }
    }
  }
  EXPECT_EQ(body_of(*rendered(streamed, kStream, kHi.size() + kEnd.size() + kDone.size())),
            kHi + kEnd + kDone);
}

TEST(Rendition, CostsWhatItHolds) {
  const auto made = rendered({.pieces = {kHi, kEnd + kDone}}, kJson);
  EXPECT_GE(made->cost_bytes(),
            sizeof(Rendition) + made->answer->cost_bytes() + made->replay_head.size());
  const auto refused = rendered({.pieces = {kHi, kEnd + kDone}}, kUsage);
  EXPECT_GE(refused->cost_bytes(), sizeof(Rendition));
  auto entry = std::make_shared<Entry>(*Recorded{.pieces = {kHi}}.make());
  const size_t bare = entry->cost_bytes();
  entry->renditions.push_back(made);
  EXPECT_GE(entry->cost_bytes(), bare + made->cost_bytes());
}

TEST(EntryRefusal, FollowsFromWhatIsKnown) {
  Entry entry = *Recorded{.pieces = {kHi, kEnd + kDone}}.make();
  EXPECT_EQ(entry.refusal(kStream), std::nullopt);
  EXPECT_EQ(entry.refusal(kJson), std::nullopt);
  EXPECT_EQ(entry.refusal(kUsage), Unconvertible::kUsage);
  // A stream may tell its usage without having been asked for it.
  entry.usage.present = true;
  EXPECT_EQ(entry.refusal(kUsage), std::nullopt);
  entry.usage.present = false;
  // Upstream has given this to who asked for that.
  entry.asked_form = kUsage;
  EXPECT_EQ(entry.refusal(kUsage), std::nullopt);
  entry.asked_form = kStream;

  const auto refused = std::make_shared<Rendition>();
  refused->conversion = entry.conversion_to(kJson);
  refused->refused = Unconvertible::kTool;
  entry.renditions.push_back(refused);
  EXPECT_EQ(entry.refusal(kJson), Unconvertible::kTool);
  entry.asked_form = kJson;
  EXPECT_EQ(entry.refusal(kJson), std::nullopt);
}

TEST(EntryRefusal, OfJsonWithoutUsageConcernsThoseWhoWantIt) {
  Entry entry = *Recorded{.form = kJson, .pieces = {kWhole}}.make();
  EXPECT_EQ(entry.refusal(kStream), std::nullopt);
  EXPECT_EQ(entry.refusal(kUsage), Unconvertible::kUsage);
  entry.usage.present = true;
  EXPECT_EQ(entry.refusal(kUsage), std::nullopt);
  // Streams of these routes tell it by themselves.
  entry.usage.present = false;
  entry.route = openai::Route::kResponses;
  EXPECT_EQ(entry.refusal(kUsage), std::nullopt);
}

}  // namespace
}  // namespace reprise::cache
