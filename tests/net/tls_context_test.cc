#include "net/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "net/tls_test.h"

namespace reprise::net {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

std::string content_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

class TlsContextTest : public TlsTest {
 protected:
  std::string refusal(const std::string& certificate, const std::string& key) {
    const auto context = TlsContext::server(certificate, key);
    EXPECT_FALSE(context);
    EXPECT_EQ(context.error().kind, base::ErrorKind::kRefuse);
    return context.error().detail;
  }

  CertificateFiles files_ = authority_.issue({});
};

TEST_F(TlsContextTest, NamesTheFileThatIsMissing) {
  const auto client = TlsContext::client("/nonexistent/ca.pem");
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().detail, StartsWith("/nonexistent/ca.pem: "));
  EXPECT_EQ(refusal("/nonexistent/a.pem", files_.key),
            "/nonexistent/a.pem: No such file or directory");
  EXPECT_EQ(refusal(files_.certificate, "/nonexistent/a.key"),
            "/nonexistent/a.key: No such file or directory");
}

TEST_F(TlsContextTest, RefusesFilesThatAreNoPem) {
  const std::string empty = authority_.write("empty", "");
  const std::string noise = authority_.write("noise", pattern(5000));
  const std::string cut = authority_.write("cut", content_of(files_.certificate).substr(0, 200));
  for (const std::string& bad : {empty, noise, cut}) {
    EXPECT_FALSE(TlsContext::client(bad)) << bad;
    EXPECT_THAT(refusal(bad, files_.key), StartsWith(bad + ": "));
    EXPECT_THAT(refusal(files_.certificate, bad), StartsWith(bad + ": "));
  }
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherCertificate) {
  EXPECT_THAT(refusal(files_.certificate, authority_.issue({}).key),
              EndsWith("key values mismatch"));
}

TEST_F(TlsContextTest, DoesNotAskForAPassphrase) {
  const std::string locked = authority_.lock(files_.key);
  EXPECT_THAT(refusal(files_.certificate, locked), StartsWith(locked + ": "));
}

}  // namespace
}  // namespace reprise::net
