// Whatever happens to a file, it is read as what it says, or it is said where it is damaged.
#include <gmock/gmock.h>

#include "cache/cassette_scene.h"

namespace reprise::cache {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string sound_file(CassetteCodec& codec, bool is_stream) {
  const Question question = question_of(R"({"model":"m","n":1,"prompt":["a","b"]})");
  SampleEntry made("q");
  made.body = is_stream ? "data: {\"a\":1}\n\ndata: [DONE]\n\n" : R"({"id":"x","n":[1,2]})";
  Entry entry = *std::move(made).make();
  entry.form = {is_stream, is_stream, true};
  entry.members = question.members;
  entry.usage = {true, 1, 2, 3};
  return codec.encode(entry, question.body).value_or("");
}

class CassetteDamage : public CassetteFileTest {
 protected:
  const std::string whole_ = sound_file(codec_, false);
  const std::string stream_ = sound_file(codec_, true);

  // What is taken from a damaged file is as good as anything that was recorded.
  void expect_sound(std::string_view text) {
    std::string question;
    const auto entry = codec_.decode(text, &question);
    if (!entry) {
      EXPECT_NE(entry.error().detail, "");
      return;
    }
    uint64_t end = 0;
    for (const recording::Mark& mark : (*entry)->answer->marks()) {
      EXPECT_GT(mark.end, end);
      end = mark.end;
    }
    EXPECT_TRUE((*entry)->answer->marks().empty() || end == (*entry)->answer->body().size());
    const auto again = entry_of(file_of(**entry, question));
    ASSERT_NE(again, nullptr);
    EXPECT_TRUE(same_entry(**entry, *again));
  }

  // What is said of the sound file with `from` replaced.
  std::string fate_with(std::string_view from, std::string_view to) {
    return fate(edited(whole_, from, to));
  }
  // "line " and that of `what` in the sound file.
  std::string line_of(std::string_view what) {
    const auto end = whole_.begin() + static_cast<std::ptrdiff_t>(whole_.find(what));
    return "line " + std::to_string(1 + std::count(whole_.begin(), end, '\n'));
  }
  std::string fate_of_stream_with(std::string_view from, std::string_view to) {
    return fate(edited(stream_, from, to));
  }
};

TEST_F(CassetteDamage, EveryCutIsSeen) {
  for (const std::string* text : {&whole_, &stream_}) {
    ASSERT_EQ(fate(*text), "taken");
    for (size_t size = 0; size + 2 < text->size(); ++size) {
      EXPECT_THAT(fate(text->substr(0, size)), StartsWith("line ")) << size;
    }
  }
}

TEST_F(CassetteDamage, EveryChangedByteIsReadOrSeen) {
  for (const std::string* text : {&whole_, &stream_}) {
    for (size_t at = 0; at < text->size() && !HasFailure(); ++at) {
      SCOPED_TRACE(at);
      for (const char mask : {'\x01', '\x02', '\x10', '\x20', '\x7F'}) {
        std::string damaged = *text;
        damaged[at] = static_cast<char>(damaged[at] ^ mask);
        expect_sound(damaged);
      }
      std::string damaged = *text;
      damaged[at] = static_cast<char>(0xFF);
      EXPECT_THAT(fate(damaged), HasSubstr("malformed UTF-8"));
      damaged[at] = '\0';
      EXPECT_NE(fate(damaged), "taken");
    }
  }
}

TEST_F(CassetteDamage, EveryMissingByteIsReadOrSeen) {
  for (const std::string* text : {&whole_, &stream_}) {
    for (size_t at = 0; at < text->size() && !HasFailure(); ++at) {
      SCOPED_TRACE(at);
      expect_sound(std::string(*text).erase(at, 1));
    }
  }
}

TEST_F(CassetteDamage, EveryLineThatComesTwiceOrNotIsReadOrSeen) {
  for (const std::string* text : {&whole_, &stream_}) {
    for (size_t begin = 0; begin < text->size();) {
      const size_t end = text->find('\n', begin) + 1;
      expect_sound(std::string(*text).erase(begin, end - begin));
      expect_sound(std::string(*text).insert(begin, text->substr(begin, end - begin)));
      begin = end;
    }
  }
}

TEST_F(CassetteDamage, SaysWhereJsonIsMalformed) {
  EXPECT_EQ(fate(""), "line 1: malformed JSON");
  EXPECT_EQ(fate("[]"), "line 1: expected a JSON object");
  EXPECT_EQ(fate_with("  \"recording\"", "<<<<<<< ours\n  \"recording\""),
            line_of("\"recording\"") + ": malformed JSON");
  EXPECT_EQ(fate_with("\"duration_ms\": 250,", "\"duration_ms\": 250"),
            line_of("\"ttl\"") + ": malformed JSON");
  EXPECT_EQ(fate_with("\"ttl\"", "\"duration_ms\""),
            line_of("\"ttl\"") + ": two members of one name");
  EXPECT_EQ(fate_with("\"OK\"", "\"\\ud800\""), line_of("\"OK\"") + ": half of a surrogate pair");
  EXPECT_THAT(fate(whole_ + "x"), HasSubstr(": something behind the object"));
}

TEST_F(CassetteDamage, NamesWhatIsMissingOrUnknown) {
  EXPECT_EQ(fate("{}"), "reprise_cassette: missing");
  EXPECT_EQ(fate_with("\"ttl\"", "\"tttl\""), "recording.ttl: missing");
  EXPECT_EQ(fate_with("\"ttl\"", "\"more\": 1, \"ttl\""), "recording.more: unknown");
  EXPECT_EQ(fate_with("\"recording\"", "\"note\": [], \"recording\""), "note: unknown");
  EXPECT_EQ(fate_with("\"json\"", "\"jsn\""),
            "answer: expected one of events, json, text and base64");
  EXPECT_EQ(fate_with("\"json\"", "\"text\": [], \"json\""),
            "answer: expected one of events, json, text and base64");
}

TEST_F(CassetteDamage, NamesAnotherFormat) {
  EXPECT_EQ(fate_with("\"reprise_cassette\": 1", "\"reprise_cassette\": 2"),
            "reprise_cassette: format 2, and this build reads 1");
}

TEST_F(CassetteDamage, NamesWhatIsOfTheWrongKind) {
  EXPECT_EQ(fate_with("\"key\": \"", "\"key\": \"0"), "key: expected 32 of 0-9 and a-f");
  EXPECT_EQ(fate_with("\"proof\": \"", "\"proof\": \"F"), "proof: expected 64 of 0-9 and a-f");
  EXPECT_EQ(fate_with("\"chat/completions\"", "\"chat\""), "question.route: unknown");
  EXPECT_EQ(fate_with("\"chat/completions\"", "7"), "question.route: expected a string");
  EXPECT_EQ(fate_with("\"namespace\": \"\"", "\"namespace\": null"),
            "question.namespace: expected a string, or base64 in an object");
  EXPECT_EQ(fate_with("\"namespace\": \"\"", "\"namespace\": {\"base64\": \"A\"}"),
            "question.namespace: expected a string, or base64 in an object");
  EXPECT_EQ(fate_with("\"form\": {\"stream\": false}", "\"form\": {\"stream\": 0}"),
            "question.form.stream: expected true or false");
  EXPECT_EQ(fate_with("\"form\": {\"stream\": false}", "\"form\": {\"stream\": true}"),
            "question.form.include_usage: missing");
  EXPECT_EQ(fate_with("\"duration_ms\": 250", "\"duration_ms\": -250"),
            "recording.duration_ms: expected a whole number up to 3153600000000");
  EXPECT_EQ(fate_with("\"duration_ms\": 250", "\"duration_ms\": 2.5"),
            "recording.duration_ms: expected a whole number up to 3153600000000");
  EXPECT_EQ(fate_with("1970-01-01T00:00:01", "1970-01-01 00:00:01"),
            "recording.asked_at: expected a time such as 2026-03-01T12:34:56.012345Z");
  EXPECT_THAT(fate_with("\"1h\"", "\"3600\""), StartsWith("recording.ttl: expected "));
  EXPECT_EQ(fate_with("\"usage\": {", "\"usage\": {\"cost\": 1, "),
            "recording.usage.cost: unknown");
  EXPECT_EQ(fate_with("\"usage\": {", "\"usage\": [], \"u\": {"),
            "recording.usage: expected an object");
}

TEST_F(CassetteDamage, NamesAQuestionThatWasNotAsked) {
  const std::string said = "question.body: not what was asked: the members have other hashes";
  EXPECT_EQ(fate_with("\"a\", \"b\"", "\"a\", \"c\""), said);
  EXPECT_EQ(fate_with("\"n\": 1", "\"n\": 1.0"), said);
  EXPECT_EQ(fate_with("\"n\": 1,", ""), said);
  EXPECT_EQ(fate_with("\"n\": 1,", "\"n\": 1, \"m\": 1,"), said);
  EXPECT_EQ(fate_with("\"body\": {", "\"body\": 1, \"other\": {"), said);
  EXPECT_EQ(fate_with("[\"model\", \"", "[\"model\", \"0"),
            "question.members[0]: expected [name, 16 hex digits]");
}

TEST_F(CassetteDamage, NamesHeadersThatNoReplayHas) {
  const std::string type = "[\"Content-Type\", \"application/json\"]";
  EXPECT_EQ(fate_with(type, type + ", [\"Set-Cookie\", \"a=b\"]"),
            "answer.headers[1]: no replay has this header");
  EXPECT_EQ(fate_with(type, type + ", [\"Content-Encoding\", \"gzip\"]"),
            "answer.headers[1]: no replay has this header");
  EXPECT_EQ(fate_with(type, type + ", [\"Content-Length\", \"1\"]"),
            "answer.headers[1]: no replay has this header");
  EXPECT_EQ(fate_with(type, "[\"Content-Type\", \"a\\r\\nX: b\"]"),
            "answer.headers[0]: not valid in a head");
  EXPECT_EQ(fate_with(type, "[\"Content-Type\"]"), "answer.headers[0]: expected [name, value]");
  EXPECT_EQ(fate_with(type, "7"), "answer.headers[0]: expected [name, value]");
  EXPECT_EQ(fate_with("\"OK\"", "\"OK\\r\\nX: b\""), "answer.reason: not valid in a head");
}

TEST_F(CassetteDamage, NamesAStatusThatNoBodyFollows) {
  for (const char* status : {"0", "100", "199", "204", "304"}) {
    EXPECT_EQ(fate_with("\"status\": 200", std::string("\"status\": ") + status),
              "answer.status: expected one that a body follows");
  }
  EXPECT_EQ(fate_with("\"status\": 200", "\"status\": 600"),
            "answer.status: expected a whole number up to 599");
}

TEST_F(CassetteDamage, NamesABodyThatIsNoneOfItsForm) {
  EXPECT_EQ(fate_with("\"json\": {", "\"json\": [{\"id\": 1}], \"j\": {"),
            "answer.json: expected an object");
  EXPECT_EQ(fate_with("\"compact\"", "\"loose\""), "answer.layout: expected compact or expanded");
  EXPECT_EQ(fate_with("\"json\"", "\"behind\": \"x\", \"json\""),
            "answer.behind: expected white space");
  EXPECT_EQ(fate_with("\"layout\": \"compact\",\n    \"json\": {", "\"events\": [], \"x\": {"),
            "answer.events: the form is no stream");
  EXPECT_EQ(fate_of_stream_with("\"events\": [", "\"json\": {}, \"e\": ["),
            "answer.json: the form is a stream");
  EXPECT_EQ(fate_with("\"layout\": \"compact\",\n    \"json\": {", "\"text\": [1], \"x\": {"),
            "answer.text: expected an array of strings");
  EXPECT_EQ(fate_with("\"layout\": \"compact\",\n    \"json\": {", "\"base64\": \"_\", \"x\": {"),
            "answer.base64: malformed base64");
}

TEST_F(CassetteDamage, NamesTheEventThatIsWrong) {
  const std::string said = "answer.events[1]: expected [milliseconds, text]";
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]\\n\\n\"]", "[250]"), said);
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]\\n\\n\"]", "[250, \"\", 1]"), said);
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]\\n\\n\"]", "\"data: [DONE]\\n\\n\""), said);
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]", "[4294967296, \"data: [DONE]"), said);
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]", "[\"0\", \"data: [DONE]"), said);
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]", "[249, \"data: [DONE]"),
            "answer.events[1]: earlier than the one before it");
}

TEST_F(CassetteDamage, NamesWhatIsTooLarge) {
  const std::string half(kBytesMax / 2, 'x');
  const std::string said = ": a body of more than 1048576 bytes";
  EXPECT_EQ(fate_of_stream_with("[250, \"data: [DONE]", "[250, \"" + half + "\"], [250, \"" + half),
            "answer.events" + said);
  EXPECT_EQ(fate_with("\"id\": \"x\"", "\"id\": \"" + half + half + "\""), "answer.json" + said);
  EXPECT_EQ(fate(std::string(codec_.file_bytes_max() + 1, ' ')), "more than 16777216 bytes");
  EXPECT_EQ(fate_with("\"gpt-4o\"", "\"" + std::string(70'000, 'm') + "\""),
            "question.model: more than 65536 bytes");
}

}  // namespace
}  // namespace reprise::cache
