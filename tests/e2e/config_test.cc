// What the command line, the environment and the file say, and what is not accepted.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

using Args = std::vector<std::string>;

Finished run(const Args& args, const std::vector<std::string>& env = {}) {
  return run_reprise({args, env, 0});
}

// What --check prints without the comments, which say where a value came from.
std::string settings_in(const std::string& output) {
  std::istringstream lines(output);
  std::string settings;
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    while (!line.empty() && line.back() == ' ') line.pop_back();
    settings += line + "\n";
  }
  return settings;
}

// The value of an option in what --check prints.
std::string checked(const Finished& finished, const std::string& option) {
  const std::string settings = settings_in(finished.output);
  const size_t at = ("\n" + settings).find("\n" + option + " = ");
  if (at == std::string::npos) return "(none)";
  const size_t start = at + option.size() + 3;
  return settings.substr(start, settings.find('\n', start) - start);
}

TEST(Config, VersionAndHelpSucceed) {
  const Finished version = run({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(contains(version.output, "reprise")) << version.output;
  const Finished help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* option : {"--listen", "--upstream", "--ttl", "--admin-token", "--drain"}) {
    EXPECT_TRUE(contains(help.output, option)) << option;
  }
}

TEST(Config, CheckPrintsWhatCanBeReadAgain) {
  const TempDir directory;
  const Finished first = run({"--check", "--ttl", "90s", "--scope", "global", "--listen",
                              "127.0.0.1:7171", "--ignore", "trace", "--ignore", "span"});
  EXPECT_EQ(first.status, 0) << first.log;
  EXPECT_EQ(checked(first, "ttl"), "\"90s\"") << first.output;
  const std::string file = directory.write("reprise.toml", first.output);
  const Finished second = run({"--check", "--config", file});
  EXPECT_EQ(second.status, 0) << second.log;
  EXPECT_EQ(settings_in(second.output), settings_in(first.output));
}

TEST(Config, SecretsAreMasked) {
  const Finished finished = run({"--check", "--admin-token", "very-secret-token"});
  EXPECT_EQ(finished.status, 0) << finished.log;
  EXPECT_FALSE(contains(finished.output + finished.log, "very-secret-token"));
}

TEST(Config, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  const TempDir directory;
  const std::string file =
      directory.write("reprise.toml", "ttl = \"1m\"\nidle-timeout = \"1m\"\nmax-uri = \"1KiB\"\n");
  const Finished finished = run({"--check", "--config", file, "--ttl", "3m"},
                                {"REPRISE_TTL=2m", "REPRISE_IDLE_TIMEOUT=2m"});
  EXPECT_EQ(finished.status, 0) << finished.log;
  EXPECT_EQ(checked(finished, "ttl"), "\"3m\"");
  EXPECT_EQ(checked(finished, "idle-timeout"), "\"2m\"");
  EXPECT_EQ(checked(finished, "max-uri"), "\"1KiB\"");
}

TEST(Config, UnknownVariablesAreAWarning) {
  const Finished finished = run({"--check"}, {"REPRISE_SERVICE_HOST=10.0.0.1"});
  EXPECT_EQ(finished.status, 0);
  EXPECT_TRUE(contains(finished.log, "REPRISE_SERVICE_HOST")) << finished.log;
}

struct Refused {
  std::string name;
  Args args;
  std::vector<std::string> told;  // what the message has to name
  std::vector<std::string> env = {};
};
void PrintTo(const Refused& r, std::ostream* out) { *out << r.name; }

class BadConfig : public testing::TestWithParam<Refused> {};

TEST_P(BadConfig, IsExitStatusTwoAndNamed) {
  for (const bool check : {true, false}) {
    Args args = GetParam().args;
    if (check) args.insert(args.begin(), "--check");
    const Finished finished = run(args, GetParam().env);
    EXPECT_EQ(finished.status, 2) << finished.log;
    for (const std::string& text : GetParam().told) {
      EXPECT_TRUE(contains(finished.log, text)) << text << " is not in: " << finished.log;
    }
    EXPECT_FALSE(contains(finished.log, " listening ")) << "something was started";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadConfig,
    testing::Values(
        Refused{"UnknownOption", {"--no-such-option"}, {"--no-such-option"}},
        Refused{"StrayArgument", {"serve"}, {"serve"}},
        Refused{"BareNumber", {"--ttl", "90"}, {"ttl", "90"}},
        Refused{"BadSize", {"--memory", "lots"}, {"memory", "lots"}},
        Refused{"BadChoice", {"--scope", "world"}, {"scope", "world", "global"}},
        Refused{"BadAddress", {"--listen", "nowhere"}, {"listen", "nowhere"}},
        Refused{"BadPort", {"--listen", "127.0.0.1:99999"}, {"listen", "99999"}},
        Refused{"BadUpstream", {"--upstream", "ftp://x"}, {"upstream", "ftp://x"}},
        Refused{"MissingValue", {"--ttl"}, {"ttl"}},
        Refused{"NoWorkers", {"--workers", "0"}, {"workers", "0"}},
        Refused{"BadOnOff", {"--coalesce=perhaps"}, {"coalesce", "perhaps"}},
        Refused{"BadVariable", {}, {"TTL", "soon"}, {"REPRISE_TTL=soon"}},
        Refused{"MissingConfigFile", {"--config", "/nonexistent/r.toml"}, {"/nonexistent/r.toml"}},
        Refused{"MissingCertificate",
                {"--tls-cert", "/nonexistent/c.pem", "--tls-key", "/nonexistent/k.pem"},
                {"/nonexistent/c.pem"}},
        Refused{"MissingAuthority", {"--upstream-ca", "/nonexistent/ca.pem"}, {"upstream-ca"}},
        Refused{"CertificateWithoutKey", {"--tls-cert", "/dev/null"}, {"tls-key"}},
        Refused{"BadServer", {"--memcached", "cache"}, {"memcached", "cache", "HOST:PORT"}},
        Refused{"SameServerTwice",
                {"--memcached", "127.0.0.1:1,127.0.0.1:1"},
                {"memcached", "127.0.0.1:1"}},
        Refused{"SecretWithoutServers", {"--memcached-secret", "/dev/null"}, {"memcached-secret"}},
        Refused{"MissingSecret",
                {"--memcached", "127.0.0.1:1", "--memcached-secret", "/nonexistent/secret"},
                {"memcached-secret", "/nonexistent/secret"}},
        Refused{"EmptySecret",
                {"--memcached", "127.0.0.1:1", "--memcached-secret", "/dev/null", "--check"},
                {"memcached-secret", "/dev/null", "16 bytes"}},
        Refused{"OpenAdmin", {"--admin", "0.0.0.0:0"}, {"admin", "admin-token"}},
        Refused{"SameAddressTwice",
                {"--listen", "127.0.0.1:7171", "--admin", "127.0.0.1:7171"},
                {"127.0.0.1:7171"}}),
    [](const testing::TestParamInfo<Refused>& tested) { return tested.param.name; });

TEST(Config, AnUnknownKeyInTheFileIsRefused) {
  const TempDir directory;
  for (const char* text : {"no-such-key = 1\n", "ttl = 90\n", "ttl = [\"1m\"]\n", "ttl = \"\n"}) {
    const Finished finished = run({"--config", directory.write("reprise.toml", text), "--check"});
    EXPECT_EQ(finished.status, 2) << text;
    EXPECT_TRUE(contains(finished.log, "reprise.toml") || contains(finished.log, "no-such-key") ||
                contains(finished.log, "ttl"))
        << finished.log;
  }
}

TEST(Config, ACertificateThatIsNoneIsRefused) {
  const TempDir directory;
  const std::string file = directory.write("c.pem", "not a certificate");
  EXPECT_EQ(run({"--listen", "127.0.0.1:0", "--tls-cert", file, "--tls-key", file}).status, 2);
}

TEST(Config, AnAddressInUseIsExitStatusOne) {
  ScriptedUpstream taken([](UpstreamConnection&) {});
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  Finished finished = run({"--listen", address, "--admin", "off"});
  EXPECT_EQ(finished.status, 1) << finished.log;
  EXPECT_TRUE(contains(finished.log, address)) << finished.log;
  finished = run({"--listen", "127.0.0.1:0", "--admin", address});
  EXPECT_EQ(finished.status, 1) << finished.log;
}

TEST(Config, AnotherReprisesAddressIsInUse) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port());
  EXPECT_EQ(run({"--listen", address, "--admin", "off"}).status, 1);
}

TEST(Config, ListensOnSeveralAddresses) {
  const TempDir directory;
  const std::string path = directory.path("reprise.sock");
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--listen", "127.0.0.1:0", "--listen", "unix:" + path});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  RawClient client(Connection::to_path(path));
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").status, 200);
  EXPECT_EQ(proxy.stop(), 0);
  struct stat status {};
  EXPECT_NE(stat(path.c_str(), &status), 0) << "the socket's file is left behind";
}

TEST(Config, LogsAreJsonWhenAskedFor) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, {"--log-format", "json", "--access-log", "on"});
  proxy.ask(chat_request());
  proxy.ask(chat_request());
  EXPECT_EQ(proxy.stop(), 0);
  for (const std::string& text : {proxy.process().log(), proxy.process().output()}) {
    size_t start = 0;
    for (size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
      EXPECT_TRUE(is_json(text.substr(start, end - start))) << text.substr(start, end - start);
    }
  }
  const std::string access = proxy.process().output();
  EXPECT_EQ(std::count(access.begin(), access.end(), '\n'), 2) << access;
  EXPECT_FALSE(contains(access, "sk-alice"));
}

TEST(Config, UpstreamPathsArePrepended) {
  ScriptedUpstream upstream(always(json_response("{}")));
  for (const auto& [suffix, expected] :
       std::vector<std::pair<std::string, std::string>>{{"", "/v1/models"},
                                                        {"/", "/v1/models"},
                                                        {"/v1", "/v1/models"},
                                                        {"/v1/", "/v1/models"},
                                                        {"/api", "/api/v1/models"},
                                                        {"/api/v1", "/api/v1/models"}}) {
    Proxy proxy(upstream.url() + suffix, {});
    const size_t before = upstream.requests();
    EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
    EXPECT_EQ(upstream.request(before).target, expected) << suffix;
  }
}

}  // namespace
}  // namespace reprise::e2e
