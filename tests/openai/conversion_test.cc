#include "openai/conversion.h"

#include <gtest/gtest.h>

#include <array>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

using Step = Conversion::Step;

constexpr Form kJson{};
constexpr Form kBare = {.stream = true, .include_usage = false, .include_obfuscation = false};
constexpr Form kStream = {.stream = true, .include_usage = false, .include_obfuscation = true};
constexpr Form kBareUsage = {.stream = true, .include_usage = true, .include_obfuscation = false};
constexpr Form kUsage = {.stream = true, .include_usage = true, .include_obfuscation = true};
constexpr std::array<Form, 5> kForms{kJson, kBare, kStream, kBareUsage, kUsage};

// Row: what has to be done with what was recorded, for each wanted form in the order of kForms.
struct Row {
  Form recorded;
  std::array<Step, 5> steps;
};

constexpr Step kNone = Step::kNone;
constexpr Step kAssemble = Step::kAssemble;
constexpr Step kSynth = Step::kSynthesise;
constexpr Step kRebuild = Step::kRebuild;

void expect_rows(Route route, const std::array<Row, 5>& rows) {
  for (const Row& row : rows) {
    for (size_t i = 0; i < kForms.size(); ++i) {
      EXPECT_EQ(conversion_to(route, row.recorded, kForms[i]).step, row.steps[i])
          << route_name(route) << ": " << form_bits(row.recorded) << " to " << form_bits(kForms[i]);
    }
  }
}

TEST(ConversionTo, TellsChunksByUsageAndObfuscation) {
  for (const Route route : {Route::kChatCompletions, Route::kCompletions}) {
    expect_rows(route, {{{kJson, {kNone, kSynth, kSynth, kSynth, kSynth}},
                         {kBare, {kAssemble, kNone, kNone, kRebuild, kRebuild}},
                         {kStream, {kAssemble, kRebuild, kNone, kRebuild, kRebuild}},
                         {kBareUsage, {kAssemble, kRebuild, kRebuild, kNone, kNone}},
                         {kUsage, {kAssemble, kRebuild, kRebuild, kRebuild, kNone}}}});
  }
}

TEST(ConversionTo, OfResponsesKnowsObfuscationOnly) {
  expect_rows(Route::kResponses, {{{kJson, {kNone, kSynth, kSynth, kSynth, kSynth}},
                                   {kBare, {kAssemble, kNone, kNone, kNone, kNone}},
                                   {kStream, {kAssemble, kRebuild, kNone, kRebuild, kNone}},
                                   {kBareUsage, {kAssemble, kNone, kNone, kNone, kNone}},
                                   {kUsage, {kAssemble, kRebuild, kNone, kRebuild, kNone}}}});
}

TEST(ConversionTo, OfMessagesKnowsNoOptions) {
  expect_rows(Route::kMessages, {{{kJson, {kNone, kSynth, kSynth, kSynth, kSynth}},
                                  {kBare, {kAssemble, kNone, kNone, kNone, kNone}},
                                  {kStream, {kAssemble, kNone, kNone, kNone, kNone}},
                                  {kBareUsage, {kAssemble, kNone, kNone, kNone, kNone}},
                                  {kUsage, {kAssemble, kNone, kNone, kNone, kNone}}}});
}

// What comes out alike is made, and kept, once.
TEST(ConversionTo, NamesOneFormForAllThatComeOutAlike) {
  const Route chat = Route::kChatCompletions;
  EXPECT_EQ(conversion_to(chat, kJson, kBare), conversion_to(chat, kJson, kStream));
  EXPECT_EQ(conversion_to(chat, kBare, kUsage), conversion_to(chat, kBare, kBareUsage));
  EXPECT_NE(conversion_to(chat, kJson, kUsage), conversion_to(chat, kJson, kStream));
  EXPECT_NE(conversion_to(chat, kUsage, kBare), conversion_to(chat, kUsage, kStream));
  EXPECT_EQ(conversion_to(chat, kStream, {.stream = false, .include_usage = true}),
            conversion_to(chat, kStream, kJson));
  EXPECT_EQ(conversion_to(Route::kMessages, kJson, kBareUsage),
            conversion_to(Route::kMessages, kJson, kStream));
  EXPECT_EQ(conversion_to(Route::kResponses, kStream, kBareUsage),
            conversion_to(Route::kResponses, kStream, kBare));
}

TEST(MayServe, AllButAStreamWithoutUsageForWhoWantsIt) {
  for (const Route route :
       {Route::kChatCompletions, Route::kCompletions, Route::kResponses, Route::kMessages}) {
    const bool tells = route == Route::kResponses || route == Route::kMessages;
    for (const Form& asked : kForms) {
      for (const Form& wanted : kForms) {
        const bool lacks = asked.stream && !asked.include_usage && wanted.include_usage;
        EXPECT_EQ(may_serve(route, asked, wanted), tells || !lacks) << route_name(route);
      }
    }
  }
}

TEST(Convert, DoesWhatTheConversionSays) {
  const std::string stream =
      stream_of({delta(R"("content":"hi")"), finish(), R"({"choices":[],"usage":{"n":1}})"});
  const auto convert_to = [&](const Form& from, const Form& to, std::string_view body) {
    const Conversion conversion = conversion_to(Route::kChatCompletions, from, to);
    return said(convert(Route::kChatCompletions, conversion, body, kRoomy));
  };
  EXPECT_EQ(convert_to(kUsage, kUsage, stream), stream);
  EXPECT_EQ(convert_to(kUsage, kStream, stream), stream_of({delta(R"("content":"hi")"), finish()}));
  const std::string json = convert_to(kUsage, kJson, stream);
  EXPECT_EQ(json, said(assemble(Route::kChatCompletions, stream, kRoomy)));
  EXPECT_EQ(convert_to(kJson, kUsage, json),
            said(synthesise(Route::kChatCompletions, json, kUsage, kRoomy)));
}

TEST(Convert, ACopyIsBoundedToo) {
  EXPECT_EQ(said(convert(Route::kEmbeddings, {}, "12345", 5)), "12345");
  EXPECT_EQ(said(convert(Route::kEmbeddings, {}, "12345", 4)), "refused: too_large");
}

TEST(Convert, OtherRoutesKnowNoOtherForm) {
  for (const Route route : {Route::kEmbeddings, Route::kModerations, Route::kResponsesInputTokens,
                            Route::kMessagesCountTokens, Route::kOther}) {
    for (const Step step : {kAssemble, kSynth, kRebuild}) {
      EXPECT_EQ(said(convert(route, {step, kUsage}, "{}", kRoomy)), "refused: route");
    }
  }
}

TEST(Unconvertible, EveryReasonHasAName) {
  for (size_t i = 0; i < kUnconvertibleCount; ++i) {
    const auto reason = static_cast<Unconvertible>(i);
    EXPECT_EQ(unconvertible_detail(reason), "form_" + std::string(unconvertible_name(reason)));
  }
  EXPECT_EQ(unconvertible_name(Unconvertible::kBusy), "busy");
}

}  // namespace
}  // namespace reprise::openai
