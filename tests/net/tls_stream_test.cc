#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "net/relay.h"
#include "net/tls_test.h"

namespace reprise::net {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMiB = 1024 * 1024;
// "token ": header, text, content type, tag (RFC 8446, section 5.2).
constexpr size_t kTokenRecordBytes = 5 + 6 + 1 + 16;

// RecordCount: the application's records in a run of ciphertext, and the largest of them.
struct RecordCount {
  explicit RecordCount(const std::string& wire) {
    for (size_t at = 0; at + 5 <= wire.size();) {
      const size_t size =
          static_cast<uint8_t>(wire[at + 3]) * 256U + static_cast<uint8_t>(wire[at + 4]);
      if (wire[at] == 23) ++records;
      largest = std::max(largest, size);
      at += 5 + size;
    }
  }
  size_t records = 0;
  size_t largest = 0;
};

class TlsStreamTest : public TlsTest {
 protected:
  // A connection through a relay. From left to right is from client to server.
  std::unique_ptr<TlsEnds> open_through_relay() {
    Ends left = connect();
    Ends right = connect();
    relay_ = std::make_unique<Relay>(std::move(left.server), std::move(right.client));
    client_context_ = client_context();
    server_context_ = server_context();
    relay_->to_left.byte_by_byte = relay_->to_right.byte_by_byte = byte_by_byte_;
    auto ends = begin({std::move(left.client), std::move(right.server)}, *client_context_,
                      *server_context_);
    run_until([&] { return ends->both_open() || ends->failed(); });
    EXPECT_TRUE(ends->both_open()) << ends->client_reader.error;
    run_turns();
    return ends;
  }

  std::unique_ptr<Relay> relay_;
  bool byte_by_byte_ = false;
};

TEST_F(TlsStreamTest, DeliversAllThatArrivedTogether) {
  const auto ends = open();
  const std::string sent = pattern(kMiB);
  write(*ends->server, sent);
  write(*ends->server, "0\r\n\r\n");
  ends->server->finish();
  run_until([&] { return ends->server->unwritten() == 0; });
  ends->server.reset();
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.over(); });
  EXPECT_EQ(ends->client_reader.error, "");
  EXPECT_TRUE(ends->client_reader.bytes == sent + "0\r\n\r\n");
}

TEST_F(TlsStreamTest, TellsAnEndWithoutCloseNotifyFromAProperOne) {
  const auto ends = open();
  write(*ends->server, "half an ans");
  ends->server.reset();
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.over(); });
  EXPECT_EQ(ends->client_reader.bytes, "half an ans");
  EXPECT_THAT(ends->client_reader.error, HasSubstr("without close_notify"));
}

TEST_F(TlsStreamTest, StopsDeliveringAtOnceAndGoesOnLater) {
  const auto ends = open();
  const std::string sent = pattern(300'000);
  write(*ends->server, sent);
  ends->server->finish();
  Reader& reader = ends->client_reader;
  reader.after_read = [&] { ends->client->pause_reading(); };
  int reads = 0;
  while (!reader.over()) {
    reader.in_call = true;
    ends->client->resume_reading();
    reader.in_call = false;
    run_until([&] { return reader.reads > reads || reader.over(); });
    run_turns();
    ASSERT_LE(reader.reads, reads + 1);
    reads = reader.reads;
  }
  EXPECT_TRUE(reader.bytes == sent);
  EXPECT_EQ(reader.error, "");
  EXPECT_GE(reads, 300'000 / 16'384);
}

TEST_F(TlsStreamTest, APauseTakenBackInTheSameCallChangesNothing) {
  const auto ends = open();
  const std::string sent = pattern(300'000);
  write(*ends->server, sent);
  ends->server->finish();
  Reader& reader = ends->client_reader;
  reader.after_read = [&] {
    reader.in_call = true;
    ends->client->pause_reading();
    ends->client->resume_reading();
    reader.in_call = false;
  };
  ends->client->resume_reading();
  run_until([&] { return reader.over(); });
  EXPECT_TRUE(reader.bytes == sent);
}

TEST_F(TlsStreamTest, ALaterHandlerGetsWhatTheFirstDidNotTake) {
  const auto ends = open();
  const std::string sent = pattern(300'000);
  write(*ends->server, sent);
  ends->server->finish();
  ends->client_reader.after_read = [&] { ends->client->set_handler(nullptr); };
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.reads == 1; });
  run_turns();
  Reader second;
  ends->client->set_handler(&second);
  run_until([&] { return second.over(); });
  EXPECT_TRUE(ends->client_reader.bytes + second.bytes == sent);
  EXPECT_EQ(ends->client_reader.reads, 1);
}

TEST_F(TlsStreamTest, AReaderWhoPausesHoldsTheWriter) {
  const auto ends = open();
  const std::string sent = pattern(32 * kMiB);
  write(*ends->client, sent);
  write(*ends->server, sent);
  run_turns();
  EXPECT_GT(ends->client->unwritten(), 8 * kMiB);
  EXPECT_GT(ends->server->unwritten(), 8 * kMiB);
  EXPECT_EQ(ends->client_reader.drained + ends->server_reader.drained, 0);
  ends->client->resume_reading();
  ends->server->resume_reading();
  run_until([&] {
    return ends->client_reader.bytes.size() == sent.size() &&
           ends->server_reader.bytes.size() == sent.size();
  });
  EXPECT_TRUE(ends->client_reader.bytes == sent);
  EXPECT_TRUE(ends->server_reader.bytes == sent);
  EXPECT_EQ(ends->client_reader.drained, 1);
  EXPECT_EQ(ends->server_reader.drained, 1);
  EXPECT_EQ(ends->client->unwritten(), 0U);
}

TEST_F(TlsStreamTest, EachDirectionEndsByItself) {
  const auto ends = open();
  write(*ends->client, "question");
  ends->client->finish();
  write(*ends->client, "too late");
  ends->server->resume_reading();
  run_until([&] { return ends->server_reader.over(); });
  EXPECT_EQ(ends->server_reader.bytes, "question");
  EXPECT_TRUE(ends->server_reader.ended);
  const std::string answer = pattern(200'000);
  write(*ends->server, answer);
  ends->server->finish();
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.over(); });
  EXPECT_TRUE(ends->client_reader.bytes == answer);
  EXPECT_TRUE(ends->client_reader.ended);
}

TEST_F(TlsStreamTest, CiphertextMayBeCutAnywhere) {
  byte_by_byte_ = true;
  const auto ends = open_through_relay();
  ends->client->resume_reading();
  ends->server->resume_reading();
  const std::string sent = pattern(500);
  write(*ends->client, sent);
  write(*ends->server, sent);
  ends->client->finish();
  ends->server->finish();
  run_until([&] { return ends->client_reader.over() && ends->server_reader.over(); });
  EXPECT_EQ(ends->client_reader.error + ends->server_reader.error, "");
  EXPECT_EQ(ends->client_reader.bytes, sent);
  EXPECT_EQ(ends->server_reader.bytes, sent);
}

TEST_F(TlsStreamTest, ASmallWriteIsOneRecordWhateverItsPieces) {
  const auto ends = open_through_relay();
  ends->client->resume_reading();
  const size_t before = relay_->to_left.seen.size();
  const base::Bytes token = base::Bytes::copy_of("data: {}\n\n");
  const std::array<Piece, 4> pieces = {Piece::transient("a\r\n"), Piece::shared(token),
                                       Piece::transient(""), Piece::transient("\r\n")};
  ends->server->write(pieces);
  run_until([&] { return ends->client_reader.bytes.size() == 15; });
  EXPECT_EQ(ends->client_reader.bytes, "a\r\ndata: {}\n\n\r\n");
  EXPECT_EQ(RecordCount(relay_->to_left.seen.substr(before)).records, 1U);
  EXPECT_EQ(ends->client_reader.reads, 1);
}

TEST_F(TlsStreamTest, ALargeWriteFillsItsRecords) {
  const auto ends = open_through_relay();
  ends->client->resume_reading();
  const size_t before = relay_->to_left.seen.size();
  const base::Bytes body = base::Bytes::copy_of(pattern(kMiB));
  const std::array<Piece, 5> pieces = {
      Piece::transient("head"), Piece::shared(body), Piece::transient("line"),
      Piece::transient(body.view().substr(0, 20'000)), Piece::transient("end")};
  std::string sent;
  for (const Piece& piece : pieces) sent += piece.bytes;
  ends->server->write(pieces);
  run_until([&] { return ends->client_reader.bytes.size() == sent.size(); });
  EXPECT_TRUE(ends->client_reader.bytes == sent);
  const RecordCount count(relay_->to_left.seen.substr(before));
  EXPECT_EQ(count.records, sent.size() / 16'384 + 1);
  EXPECT_LE(count.largest, 16'384U + 256);
}

TEST_F(TlsStreamTest, SmallRecordsThatArriveTogetherAreReadTogether) {
  const auto ends = open_through_relay();
  ends->client->resume_reading();
  std::string held;
  relay_->to_left.change = [&held](std::string& bytes) {
    held += std::exchange(bytes, "");
    if (held.size() == 20 * kTokenRecordBytes) bytes = held;
  };
  for (int i = 0; i < 20; ++i) write(*ends->server, "token ");
  run_until([&] { return ends->client_reader.bytes.size() == 120; });
  EXPECT_EQ(ends->client_reader.reads, 1);
}

TEST_F(TlsStreamTest, DeliversWhatCameBeforeADamagedRecord) {
  const auto ends = open_through_relay();
  ends->client->resume_reading();
  ends->server->resume_reading();
  write(*ends->server, "whole");
  run_until([&] { return ends->client_reader.bytes == "whole"; });
  relay_->to_left.change = [](std::string& bytes) { bytes.back() ^= 1; };
  write(*ends->server, "damaged");
  run_until([&] { return ends->client_reader.over() && ends->server_reader.over(); });
  EXPECT_EQ(ends->client_reader.bytes, "whole");
  EXPECT_EQ(ends->client_reader.error, "TLS failed: decryption failed or bad record mac");
  EXPECT_THAT(ends->server_reader.error, HasSubstr("alert bad record mac"));
}

TEST_F(TlsStreamTest, AnErrorWaitsForAReaderWhoPauses) {
  const auto ends = open_through_relay();
  Reader& reader = ends->client_reader;
  ends->client->resume_reading();
  reader.after_read = [&] { ends->client->pause_reading(); };
  relay_->to_left.change = [](std::string& bytes) { bytes += "not a record"; };
  write(*ends->server, "before");
  run_until([&] { return reader.reads == 1; });
  run_turns();
  EXPECT_EQ(reader.error, "");
  reader.in_call = true;
  ends->client->resume_reading();
  reader.in_call = false;
  run_until([&] { return reader.over(); });
  EXPECT_EQ(reader.bytes, "before");
  EXPECT_EQ(reader.error, "TLS failed: wrong version number");
}

TEST_F(TlsStreamTest, IsResetWhenAsked) {
  const auto ends = open();
  ends->client->resume_reading();
  ends->server->reset_on_close();
  ends->server.reset();
  run_until([&] { return ends->client_reader.over(); });
  EXPECT_EQ(ends->client_reader.error, "connection reset by peer");
}

TEST_F(TlsStreamTest, SaysNoCloseNotifyBeforeAReset) {
  const auto ends = open();
  ends->client->resume_reading();
  ends->server->reset_on_close();
  ends->server->finish();
  run_until([&] { return ends->client_reader.over(); });
  EXPECT_THAT(ends->client_reader.error, HasSubstr("without close_notify"));
}

TEST_F(TlsStreamTest, BreaksWhenWritingFailsAfterTheOtherSideHasEnded) {
  const auto ends = open();
  ends->server->finish();
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.ended; });
  ends->server->reset_on_close();
  ends->server.reset();
  Reader& reader = ends->client_reader;
  run_until([&] {
    reader.in_call = true;
    write(*ends->client, "is anybody there?");
    reader.in_call = false;
    run_turns();
    return !reader.error.empty();
  });
  run_turns();
}

TEST_F(TlsStreamTest, NamesTheOtherSide) { EXPECT_EQ(open()->server->peer(), "127.0.0.1"); }

TEST_F(TlsStreamTest, MayBeRetiredInEachOfItsCallbacks) {
  for (const bool in_end : {false, true}) {
    const auto ends = open();
    write(*ends->server, pattern(200'000));
    ends->server->finish();
    const auto retire = [&] {
      ends->client->set_handler(nullptr);
      loop_.retire(std::move(ends->client));
    };
    (in_end ? ends->client_reader.after_end : ends->client_reader.after_read) = retire;
    ends->client->resume_reading();
    run_until([&] { return ends->client == nullptr; });
    EXPECT_EQ(ends->client_reader.ended, in_end);
    run_turns();
  }
}

}  // namespace
}  // namespace reprise::net
