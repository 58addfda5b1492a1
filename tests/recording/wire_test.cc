#include "recording/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprise::recording {
namespace {

using base::ByteReader;
using base::ByteWriter;

http::ResponseHead plain_head() {
  http::ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.framing = http::Framing::kChunked;
  head.fields.add("Content-Type", "application/json");
  return head;
}

Record record_of(http::ResponseHead head, std::string_view body = "body",
                 std::vector<Mark> marks = {}) {
  return {std::move(head), base::Bytes::copy_of(body), std::move(marks)};
}

std::string packed(const Record& record) {
  ByteWriter writer;
  append_record(record, writer);
  return std::move(writer).take();
}

std::shared_ptr<const Record> unpacked(std::string_view bytes) {
  ByteReader reader(bytes);
  auto record = read_record(reader);
  EXPECT_EQ(record != nullptr, reader.ok());
  return reader.at_end() ? record : nullptr;
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(a.head().status, b.head().status);
  EXPECT_EQ(a.head().reason, b.head().reason);
  EXPECT_EQ(a.head().version, b.head().version);
  EXPECT_EQ(a.head().framing, b.head().framing);
  EXPECT_EQ(a.head().content_length, b.head().content_length);
  EXPECT_EQ(a.head().keep_alive, b.head().keep_alive);
  ASSERT_EQ(a.head().fields.size(), b.head().fields.size());
  for (size_t i = 0; i < a.head().fields.size(); ++i) {
    EXPECT_EQ(a.head().fields[i].name, b.head().fields[i].name);
    EXPECT_EQ(a.head().fields[i].value, b.head().fields[i].value);
  }
  EXPECT_EQ(a.body().view(), b.body().view());
  ASSERT_EQ(a.marks().size(), b.marks().size());
  for (size_t i = 0; i < a.marks().size(); ++i) {
    EXPECT_EQ(a.marks()[i].end, b.marks()[i].end);
    EXPECT_EQ(a.marks()[i].offset_ms, b.marks()[i].offset_ms);
  }
}

void expect_round_trip(const Record& record) {
  const auto back = unpacked(packed(record));
  ASSERT_NE(back, nullptr);
  expect_same(record, *back);
}

TEST(RecordWire, KeepsTheWholeHead) {
  for (const auto version : {http::Version::kHttp10, http::Version::kHttp11}) {
    for (const auto framing : {http::Framing::kNone, http::Framing::kContentLength,
                               http::Framing::kChunked, http::Framing::kClose}) {
      http::ResponseHead head = plain_head();
      head.status = 599;
      head.reason = "";
      head.version = version;
      head.framing = framing;
      head.content_length = std::numeric_limits<uint64_t>::max();
      head.keep_alive = version == http::Version::kHttp10;
      expect_round_trip(record_of(std::move(head)));
    }
  }
}

TEST(RecordWire, KeepsFieldsInOrderCaseAndNumber) {
  http::ResponseHead head = plain_head();
  head.fields.add("x-B", "1");
  head.fields.add("X-a", "");
  head.fields.add("x-B", "caf\xC3\xA9\t2");
  for (int i = 0; i < 200; ++i) head.fields.add("X-Many-" + std::to_string(i), "v");
  expect_round_trip(record_of(std::move(head)));
}

TEST(RecordWire, KeepsTheBodyWhateverItHolds) {
  expect_round_trip(record_of(plain_head(), ""));
  std::string binary;
  for (int i = 0; i < 100'000; ++i) binary.push_back(static_cast<char>(i * 7));
  expect_round_trip(record_of(plain_head(), binary));
}

TEST(RecordWire, KeepsEveryMark) {
  expect_round_trip(record_of(plain_head(), "body", {{4, 0}}));
  constexpr uint32_t kLatest = std::numeric_limits<uint32_t>::max();
  expect_round_trip(record_of(plain_head(), "body", {{1, 0}, {2, 0}, {3, 7}, {4, kLatest}}));
  std::vector<Mark> marks;
  for (uint32_t i = 1; i <= 5000; ++i) marks.push_back({i, i * 3});
  expect_round_trip(record_of(plain_head(), std::string(5000, 'x'), std::move(marks)));
}

TEST(RecordWire, MarksAreShort) {
  std::vector<Mark> marks;
  for (uint32_t i = 1; i <= 1000; ++i) marks.push_back({i * 100, 1'000'000 + i * 20});
  const std::string body(100'000, 'x');
  const size_t bare = packed(record_of(plain_head(), body)).size();
  EXPECT_LE(packed(record_of(plain_head(), body, std::move(marks))).size(), bare + 2010);
}

TEST(RecordWire, TakesRecordsOneAfterTheOther) {
  const Record first = record_of(plain_head(), "first");
  const Record second = record_of(plain_head(), "second");
  ByteWriter writer;
  append_record(first, writer);
  append_record(second, writer);
  ByteReader reader(writer.view());
  const auto one = read_record(reader);
  const auto two = read_record(reader);
  ASSERT_TRUE(one != nullptr && two != nullptr && reader.at_end());
  expect_same(first, *one);
  expect_same(second, *two);
}

TEST(RecordWire, RefusesEveryCut) {
  const std::string whole = packed(record_of(plain_head(), "body", {{1, 5}, {4, 9}}));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(unpacked(std::string_view(whole).substr(0, size)), nullptr) << size;
  }
}

TEST(RecordWire, RefusesStatusesThatAreNone) {
  for (const int status : {0, 99, 600, 65'536 + 200}) {
    http::ResponseHead head = plain_head();
    head.status = status;
    EXPECT_EQ(unpacked(packed(record_of(std::move(head)))), nullptr) << status;
  }
}

TEST(RecordWire, RefusesTextThatWouldBecomeLinesOfItsOwn) {
  using namespace std::string_view_literals;
  for (const std::string_view wrong : {"a\r\nSet-Cookie: b"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv}) {
    http::ResponseHead reason = plain_head();
    reason.reason = wrong;
    EXPECT_EQ(unpacked(packed(record_of(std::move(reason)))), nullptr);
    http::ResponseHead name = plain_head();
    name.fields.add(wrong, "value");
    EXPECT_EQ(unpacked(packed(record_of(std::move(name)))), nullptr);
    http::ResponseHead value = plain_head();
    value.fields.add("X-Name", wrong);
    EXPECT_EQ(unpacked(packed(record_of(std::move(value)))), nullptr);
  }
}

TEST(RecordWire, RefusesNamesThatAreNone) {
  for (const std::string_view wrong : {"", "Content-Length ", "a: b", "caf\xC3\xA9"}) {
    http::ResponseHead head = plain_head();
    head.fields.add(wrong, "value");
    EXPECT_EQ(unpacked(packed(record_of(std::move(head)))), nullptr) << wrong;
  }
}

TEST(RecordWire, RefusesTooManyFields) {
  http::ResponseHead head;
  head.status = 200;
  for (size_t i = 0; i < kWireFieldsMax; ++i) head.fields.add("X", "v");
  expect_round_trip(record_of(head));
  head.fields.add("X", "v");
  EXPECT_EQ(unpacked(packed(record_of(std::move(head)))), nullptr);
}

TEST(RecordWire, RefusesMarksThatDoNotRiseToTheEnd) {
  const std::vector<std::vector<Mark>> wrong = {
      {{3, 1}},                  // short of the end
      {{5, 1}},                  // beyond it
      {{4, 1}, {4, 2}},          // nothing between
      {{0, 1}, {4, 2}},          // nothing before
      {{3, 1}, {2, 2}, {4, 3}},  // back
  };
  for (const auto& marks : wrong) {
    EXPECT_EQ(unpacked(packed(record_of(plain_head(), "body", marks))), nullptr);
  }
  EXPECT_EQ(unpacked(packed(record_of(plain_head(), "", {{0, 1}}))), nullptr);
}

TEST(RecordWire, RefusesMarksWhoseTimeGoesBack) {
  // Packed as a step of 2^32 - 1, past the last millisecond.
  EXPECT_EQ(unpacked(packed(record_of(plain_head(), "body", {{1, 5}, {4, 4}}))), nullptr);
}

TEST(RecordWire, RefusesAnUnknownTrait) {
  std::string bytes = packed(record_of(plain_head()));
  ASSERT_NE(unpacked(bytes), nullptr);
  bytes[2] |= 16;  // behind the two bytes of the status
  EXPECT_EQ(unpacked(bytes), nullptr);
}

TEST(RecordWire, RefusesCountsThatCannotBeHonest) {
  // A head without fields, an empty body, and as many marks as a number can say.
  ByteWriter writer;
  writer.varint(200);
  writer.u8(0);
  writer.varint(0);
  writer.text("OK");
  writer.varint(0);
  writer.text("");
  const std::string start(writer.view());
  EXPECT_NE(unpacked(start + std::string(1, '\0')), nullptr);
  writer.varint(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(unpacked(writer.view()), nullptr);
}

}  // namespace
}  // namespace reprise::recording
