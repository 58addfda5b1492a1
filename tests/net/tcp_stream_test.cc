#include "net/tcp_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/net_test.h"

namespace reprise::net {
namespace {

constexpr size_t kMiB = 1024 * 1024;

class TcpStreamTest : public NetTest {
 protected:
  TcpStreamTest() : ends_(connect()) {
    ends_.client->set_handler(&client_);
    ends_.server->set_handler(&server_);
  }

  Reader client_;
  Reader server_;
  Ends ends_;
};

TEST_F(TcpStreamTest, DeliversNothingUntilReadingIsResumed) {
  write(*ends_.server, "hello");
  run_turns();
  EXPECT_EQ(client_.bytes, "");
  client_.in_call = true;
  ends_.client->resume_reading();
  client_.in_call = false;
  run_until([&] { return client_.bytes == "hello"; });
}

TEST_F(TcpStreamTest, StopsDeliveringAtOnce) {
  client_.after_read = [&] { ends_.client->pause_reading(); };
  write(*ends_.server, pattern(kMiB));
  ends_.client->resume_reading();
  run_until([&] { return client_.reads == 1; });
  run_turns();
  EXPECT_EQ(client_.reads, 1);
  EXPECT_LE(client_.bytes.size(), Loop::kReadBytes);
}

// More pieces than one call to the kernel takes, more bytes than it takes at once; some shared,
// some gone after the call.
TEST_F(TcpStreamTest, WritesPiecesInOrderHoweverManyTheKernelTakes) {
  const base::Bytes shared = base::Bytes::copy_of(pattern(64 * 1024));
  std::string expected;
  {
    std::vector<std::string> transient;
    for (int i = 0; i < 200; ++i) transient.push_back(std::to_string(i) + pattern(700));
    std::vector<Piece> pieces;
    for (const std::string& text : transient) {
      pieces.push_back(Piece::transient(text));
      pieces.push_back(Piece::shared(shared));
      pieces.push_back(Piece::transient(""));
    }
    ends_.server->write(pieces);
    write(*ends_.server, "the end");
    for (const Piece& piece : pieces) expected += piece.bytes;
    expected += "the end";
    const size_t kept = ends_.server->unwritten();
    EXPECT_GT(kept, 0U);
    EXPECT_LT(kept, expected.size());
  }
  EXPECT_EQ(server_.drained, 0);
  ends_.client->resume_reading();
  run_until([&] { return client_.bytes.size() == expected.size() && server_.drained > 0; });
  EXPECT_TRUE(client_.bytes == expected);
  EXPECT_EQ(ends_.server->unwritten(), 0U);
  EXPECT_EQ(server_.drained, 1);
}

TEST_F(TcpStreamTest, AWriteThatIsTakenAtOnceDrainsNothing) {
  write(*ends_.server, "small");
  EXPECT_EQ(ends_.server->unwritten(), 0U);
  run_turns();
  EXPECT_EQ(server_.drained, 0);
}

TEST_F(TcpStreamTest, AReaderWhoPausesHoldsTheWriter) {
  const std::string sent = pattern(32 * kMiB);
  write(*ends_.server, sent);
  run_turns();
  EXPECT_GT(ends_.server->unwritten(), 8 * kMiB);
  ends_.client->resume_reading();
  run_until([&] { return client_.bytes.size() == sent.size(); });
  EXPECT_TRUE(client_.bytes == sent);
}

TEST_F(TcpStreamTest, FinishComesAfterEverythingWrittenAndEndsOneDirection) {
  const std::string sent = pattern(16 * kMiB);
  write(*ends_.server, sent);
  ends_.server->finish();
  ends_.client->resume_reading();
  run_until([&] { return client_.over(); });
  EXPECT_TRUE(client_.ended);
  EXPECT_TRUE(client_.bytes == sent);
  write(*ends_.client, "still heard");
  ends_.server->resume_reading();
  run_until([&] { return server_.bytes == "still heard"; });
}

TEST_F(TcpStreamTest, AResetIsNoEnd) {
  ends_.client->resume_reading();
  ends_.server->reset_on_close();
  ends_.server.reset();
  run_until([&] { return client_.over(); });
  EXPECT_EQ(client_.error, "connection reset by peer");
}

TEST_F(TcpStreamTest, AResetThatComesWithDataIsNoEnd) {
  write(*ends_.server, "half an ans");
  ends_.server->reset_on_close();
  ends_.server.reset();
  run_turns();
  ends_.client->resume_reading();
  run_until([&] { return client_.over(); });
  EXPECT_EQ(client_.error, "connection reset by peer");
}

TEST_F(TcpStreamTest, AnEndIsNoReset) {
  write(*ends_.server, "a whole answer");
  ends_.server.reset();
  ends_.client->resume_reading();
  run_until([&] { return client_.over(); });
  EXPECT_TRUE(client_.ended);
  EXPECT_EQ(client_.bytes, "a whole answer");
}

TEST_F(TcpStreamTest, AnEndIsToldOnce) {
  ends_.server->finish();
  ends_.client->resume_reading();
  run_until([&] { return client_.over(); });
  ends_.client->pause_reading();
  ends_.client->resume_reading();
  run_turns();
  EXPECT_TRUE(client_.ended);  // a second time would have failed
}

TEST_F(TcpStreamTest, TellsAWriterWhoDoesNotReadThatTheOtherSideIsGone) {
  ends_.server->reset_on_close();
  ends_.server.reset();
  run_until([&] {
    client_.in_call = true;
    write(*ends_.client, "is anybody there?");
    client_.in_call = false;
    run_turns();
    return client_.over();
  });
  EXPECT_FALSE(client_.error.empty());
  write(*ends_.client, "no");
  run_turns();  // a second error would have failed
}

TEST_F(TcpStreamTest, WhatWasSaidBeforeTheResetIsReadThoughWritingFails) {
  write(*ends_.client, "unread, so that closing resets");
  write(*ends_.server, "early answer");
  run_turns();
  ends_.client->resume_reading();
  ends_.server.reset();
  // In the turn in which the reset arrives, before it is read.
  write(*ends_.client, "more of the question");
  run_until([&] { return client_.over(); });
  EXPECT_EQ(client_.bytes, "early answer");
  EXPECT_FALSE(client_.error.empty());
}

TEST_F(TcpStreamTest, TellsNothingToAHandlerTakenAway) {
  ends_.client->resume_reading();
  ends_.client->set_handler(nullptr);
  write(*ends_.server, "unheard");
  ends_.server->reset_on_close();
  ends_.server.reset();
  run_turns();
  EXPECT_EQ(client_.reads, 0);
  EXPECT_FALSE(client_.over());
}

TEST_F(TcpStreamTest, MayDieWithBytesUnwritten) {
  write(*ends_.server, pattern(32 * kMiB));
  EXPECT_GT(ends_.server->unwritten(), 0U);
  ends_.server.reset();
  run_turns();
  EXPECT_EQ(server_.drained, 0);
}

TEST_F(TcpStreamTest, WhatIsPutBackIsReadFirst) {
  write(*ends_.server, "behind");
  run_turns();
  ends_.client->put_back("before ");
  run_turns();
  EXPECT_EQ(client_.reads, 0);
  client_.in_call = true;
  ends_.client->resume_reading();
  client_.in_call = false;
  run_until([&] { return client_.bytes.size() == 13; });
  EXPECT_EQ(client_.bytes, "before behind");
  EXPECT_EQ(client_.reads, 2);
}

TEST_F(TcpStreamTest, WhatIsPutBackWaitsForWhoeverPauses) {
  ends_.client->put_back("kept");
  ends_.client->resume_reading();
  ends_.client->pause_reading();
  ends_.server->finish();
  run_turns();
  EXPECT_EQ(client_.reads, 0);
  client_.after_read = [&] { ends_.client->pause_reading(); };
  ends_.client->resume_reading();
  run_until([&] { return client_.reads == 1; });
  run_turns();
  EXPECT_EQ(client_.bytes, "kept");
  EXPECT_FALSE(client_.ended);
  ends_.client->resume_reading();
  run_until([&] { return client_.ended; });
}

TEST_F(TcpStreamTest, WhatIsPutBackMayBePutBackAgain) {
  ends_.client->put_back("one two");
  client_.after_read = [&] {
    if (client_.reads > 1) return;
    ends_.client->pause_reading();
    ends_.client->put_back(client_.bytes.substr(4));
  };
  ends_.client->resume_reading();
  run_until([&] { return client_.reads == 1; });
  ends_.client->resume_reading();
  run_until([&] { return client_.reads == 2; });
  EXPECT_EQ(client_.bytes, "one twotwo");
}

TEST_F(TcpStreamTest, WhatIsPutBackGoesWithTheStream) {
  ends_.client->put_back("unread");
  ends_.client->resume_reading();
  ends_.client.reset();
  run_turns();
  EXPECT_EQ(client_.reads, 0);
}

TEST_F(TcpStreamTest, MayBeRetiredInItsCallback) {
  client_.after_read = [&] {
    ends_.client->set_handler(nullptr);
    loop_.retire(std::move(ends_.client));
  };
  write(*ends_.server, pattern(kMiB));
  ends_.client->resume_reading();
  run_until([&] { return ends_.client == nullptr; });
  run_turns();
  EXPECT_EQ(client_.reads, 1);
}

}  // namespace
}  // namespace reprise::net
