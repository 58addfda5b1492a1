#include "app/option_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/option_cores.h"
#include "app/option_support.h"
#include "app/option_table.h"

namespace reprise::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void expect_same(const Options& a, const Options& b) {
  for_each_option(
      [&](const OptionSpec& spec) { EXPECT_EQ(spec.values(a), spec.values(b)) << spec.name; });
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CheckText, ReadsBackAsWhatItWasMadeOf) {
  const std::vector<std::vector<std::string>> configurations = {
      {},
      {"--listen=[::1]:0",
       "--listen=unix:/tmp/a \"b\" \\c",
       "--admin=off",
       "--workers=3",
       "--ignore=a,b\"c",
       "--upstream=http://h:81/x/v1/",
       "--upstream=a=https://[::1]/v1/v1",
       "--upstream-proxy=[::1]:3128",
       "--ttl=1500ms",
       "--memory=0",
       "--coalesce=off",
       "--access-log",
       "--scope=global",
       "--mode=off",
       "--max-object=1001",
       "--namespace=a:b",
       "--log-level=error",
       "--log-format=json",
       "--on-abort=finish",
       std::string("--tls-cert=") + kThisFile,
       std::string("--tls-key=") + kThisFile,
       std::string("--upstream-ca=") + kThisFile,
       "--drain=0s",
       "--retry-reused=off"},
  };
  for (const auto& arguments : configurations) {
    const Options options = load(arguments);
    expect_same(load_file(check_text(options)), options);
  }
}

TEST(CheckText, TellsWhereAValueCameFrom) {
  const std::string text = check_text(load({"--ttl=1h"}, {"REPRISE_MEMORY=1MiB"}));
  EXPECT_THAT(text, HasSubstr("\nttl = \"1h\"  # from flag\n"));
  EXPECT_THAT(text, HasSubstr("\nmemory = \"1MiB\"  # from REPRISE_MEMORY\n"));
  EXPECT_THAT(text, HasSubstr("\nfirst-byte-timeout = \"600s\"\n"));
  EXPECT_THAT(text, HasSubstr("\ncoalesce = true\n"));
}

TEST(CheckText, MasksSecrets) {
  const std::string text = check_text(load({"--admin-token=s3cret"}));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("s3cret")), HasSubstr("# admin-token = \"***\"")));
  EXPECT_EQ(load_file(text).admin_token, "");
  // The mask, taken for a token, is refused rather than believed.
  EXPECT_THAT(refusal_of_file("admin-token = \"***\"\n"), HasSubstr("the token itself"));
  // Nobody listens beyond loopback because a mask was dropped.
  const std::string beyond = check_text(load({"--admin-token=s3cret", "--admin=0.0.0.0:1"}));
  EXPECT_THAT(refusal_of_file(beyond), HasSubstr("--admin-token"));
}

TEST(CheckText, MasksTheCredentialsOfAProxy) {
  const std::string text = check_text(load({"--upstream-proxy=http://user:s3cret@p:1"}));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("user:")),
                          HasSubstr("# upstream-proxy = \"http://***@p:1\"  # not shown")));
  EXPECT_FALSE(load_file(text).upstream_proxy.has_value());
  EXPECT_THAT(refusal_of_file("upstream-proxy = \"http://***@p:1\"\n"),
              HasSubstr("the user name and password"));
  EXPECT_THAT(check_text(load({"--upstream-proxy=p:1"})),
              HasSubstr("\nupstream-proxy = \"http://p:1\"  # from flag\n"));
}

TEST(HelpText, NamesEveryOptionAndItsDefault) {
  const std::string text = help_text();
  for_each_option([&](const OptionSpec& spec) {
    EXPECT_THAT(text, HasSubstr("\n  --" + std::string(spec.name)));
    EXPECT_FALSE(spec.help.empty()) << spec.name;
  });
  EXPECT_THAT(text, HasSubstr("(default: 24h)"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 82u) << line;
}

TEST(VersionText, BeginsWithNameAndVersion) {
  EXPECT_THAT(version_text(), StartsWith("reprise 0.1.0\n"));
  EXPECT_THAT(version_text(), HasSubstr("\nlibuv 1."));
  EXPECT_THAT(version_text(), HasSubstr("\nOpenSSL 3."));
}

// The shipped file explains every option, and says nothing when nothing in it is taken out of its
// comment.
TEST(ShippedFile, NamesEveryDefault) {
  const std::string shipped = read_file(REPRISE_TREE "/conf/reprise.toml");
  ASSERT_FALSE(shipped.empty());
  std::string uncommented;
  std::istringstream lines(shipped);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.empty() || line[0] == '#') << line;
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') uncommented += line.substr(1) + "\n";
  }
  const Options options = load_file(uncommented);
  expect_same(options, default_options());
  expect_same(load_file(shipped), default_options());
  for_each_option([&](const OptionSpec& spec) {
    EXPECT_TRUE(options.origins.contains(spec.name)) << spec.name;
  });
}

TEST(Cores, QuotasAreRoundedUp) {
  EXPECT_EQ(quota_cores("max 100000\n"), 0u);
  EXPECT_EQ(quota_cores("100000 100000\n"), 1u);
  EXPECT_EQ(quota_cores("150000 100000"), 2u);
  EXPECT_EQ(quota_cores("1000 100000"), 1u);
  EXPECT_EQ(quota_cores(""), 0u);
  EXPECT_EQ(quota_cores("x y"), 0u);
  EXPECT_EQ(quota_cores("100 0"), 0u);
  EXPECT_GE(available_cores(), 1u);
}

}  // namespace
}  // namespace reprise::app
