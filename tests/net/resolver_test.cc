#include "net/resolver.h"

#include <gtest/gtest.h>

#include <memory>

#include "net/net_test.h"

namespace reprise::net {
namespace {

class ResolverTest : public NetTest {
 protected:
  void resolve(const std::string& host) {
    resolver_->resolve(host, 443, [this](const base::Result<Resolver::Addresses>& result) {
      ++answers_;
      result_ = result;
    });
  }

  std::unique_ptr<Resolver> resolver_ = std::make_unique<Resolver>(loop_);
  int answers_ = 0;
  base::Result<Resolver::Addresses> result_;
};

TEST_F(ResolverTest, AnswersAtOnceForAnAddress) {
  resolve("127.0.0.1");
  resolve("::1");
  ASSERT_EQ(answers_, 2);
  ASSERT_EQ(result_->size(), 1U);
  EXPECT_EQ(result_->front().storage.ss_family, AF_INET6);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in6*>(&result_->front().storage)->sin6_port,
            htons(443));
}

TEST_F(ResolverTest, AnswersLaterForANameUnlessItIsRemembered) {
  resolve("localhost");
  resolve("localhost");
  EXPECT_EQ(answers_, 0);
  run_until([&] { return answers_ == 2; });
  ASSERT_TRUE(result_) << result_.error().detail;
  EXPECT_FALSE(result_->empty());
  resolve("localhost");
  EXPECT_EQ(answers_, 3);
}

TEST_F(ResolverTest, NamesTheNameThatDoesNotResolve) {
  resolve("no..such..name");
  run_until([&] { return answers_ == 1; });
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().kind, base::ErrorKind::kUnavailable);
}

TEST_F(ResolverTest, RefusesANameTooLongToBeOne) {
  resolve(std::string(5000, 'a'));
  run_until([&] { return answers_ == 1; });
  EXPECT_FALSE(result_);
}

TEST_F(ResolverTest, IsSilentAfterItsDeath) {
  resolve("localhost");
  resolver_.reset();
  run_turns();
  EXPECT_EQ(answers_, 0);
}

}  // namespace
}  // namespace reprise::net
