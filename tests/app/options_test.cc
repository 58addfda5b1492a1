#include "app/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/option_support.h"
#include "app/option_table.h"
#include "app/option_text.h"

namespace reprise::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What --memcached-secret names: a file that nobody else may read.
const std::string& secret_file() {
  static const TemporaryFile file("a secret that is long enough\n");
  return file.path();
}

// Sample: another value than the default for an option, and how --check names it.
struct Sample {
  std::string option;
  std::string text;
  std::string written;  // the same if empty
};

// One for every option that this build has; a test holds that none is missing.
std::vector<Sample> samples() {
  return {
      {"listen", "[::1]:0", ""},
      {"admin", "unix:/run/admin.sock", ""},
      {"admin-token", "s3cret", ""},
      {"upstream", "http://h:8080/v1", "http://h:8080"},
      {"upstream-proxy", "http://proxy:3128", ""},
      {"mode", "off", ""},
      {"ttl", "90m", ""},
      {"scope", "global", ""},
      {"namespace", "team:a", ""},
      {"ignore", "user_id", ""},
      {"coalesce", "off", ""},
      {"on-abort", "finish", ""},
      {"aliases", "portkey", ""},
      {"prices", "/dev/null", ""},
      {"memory", "64MiB", ""},
      {"memcached", "cache-1:11211", ""},
      {"memcached-timeout", "50ms", ""},
      {"memcached-secret", secret_file(), ""},
      {"cassette", "tape", ""},
      {"upstream-ca", kThisFile, ""},
      {"tls-cert", kThisFile, ""},
      {"tls-key", kThisFile, ""},
      {"connect-timeout", "1ms", ""},
      {"first-byte-timeout", "2s", ""},
      {"idle-timeout", "3m", ""},
      {"header-timeout", "4h", ""},
      {"body-timeout", "5d", ""},
      {"send-timeout", "1500ms", ""},
      {"keepalive-timeout", "7s", ""},
      {"drain", "0s", ""},
      {"stale", "10m", ""},
      {"pace", "25/s", ""},
      {"heartbeat", "15s", ""},
      {"retry-reused", "off", ""},
      {"workers", "3", ""},
      {"max-connections", "17", ""},
      {"max-object", "1000", "1000B"},
      {"max-recording", "1GiB", ""},
      {"max-body", "1MB", "1000000B"},
      {"max-head", "8KiB", ""},
      {"max-uri", "4KiB", ""},
      {"log-format", "json", ""},
      {"log-level", "debug", ""},
      {"access-log", "on", ""},
  };
}

std::string written(const Sample& sample) {
  return sample.written.empty() ? sample.text : sample.written;
}

// The other half of what goes only together.
std::vector<std::string> companions(const std::string& option) {
  if (option == "tls-cert") return {"--tls-key", kThisFile};
  if (option == "tls-key") return {"--tls-cert", kThisFile};
  if (option == "memcached-secret") return {"--memcached", "cache-1:11211"};
  return {};
}

TEST(Options, DefaultsAreTheDocumentedOnes) {
  const std::vector<std::pair<std::string_view, std::string>> documented = {
      {"listen", "127.0.0.1:7070"},
      {"admin", "127.0.0.1:7071"},
      {"upstream", "https://api.openai.com"},
      {"upstream-proxy", "off"},
      {"memory", "256MiB"},
      {"memcached", "off"},
      {"memcached-timeout", "20ms"},
      {"memcached-secret", "off"},
      {"cassette", "off"},
      {"ttl", "24h"},
      {"stale", "0s"},
      {"scope", "key"},
      {"namespace", ""},
      {"mode", "cache"},
      {"coalesce", "on"},
      {"on-abort", "cancel"},
      {"pace", "instant"},
      {"heartbeat", "off"},
      {"max-object", "8MiB"},
      {"max-recording", "256MiB"},
      {"max-body", "64MiB"},
      {"ignore", ""},
      {"upstream-ca", "system"},
      {"tls-cert", "off"},
      {"tls-key", "off"},
      {"connect-timeout", "5s"},
      {"first-byte-timeout", "600s"},
      {"idle-timeout", "300s"},
      {"header-timeout", "10s"},
      {"body-timeout", "60s"},
      {"send-timeout", "60s"},
      {"keepalive-timeout", "75s"},
      {"max-head", "64KiB"},
      {"max-uri", "16KiB"},
      {"retry-reused", "on"},
      {"takeover", "off"},
      {"max-connections", "16384"},
      {"drain", "30s"},
      {"log-format", "text"},
      {"log-level", "info"},
      {"access-log", "off"},
      {"admin-token", "none"},
      {"aliases", "none"},
      {"prices", "none"},
      {"workers", "auto"}};
  size_t options = 0;
  for_each_option([&](const OptionSpec&) { ++options; });
  EXPECT_EQ(options, documented.size());
  for (const auto& [name, text] : documented) {
    const OptionSpec* const spec = find_option(name);
    ASSERT_NE(spec, nullptr) << name;
    EXPECT_EQ(spec->default_text, text) << name;
  }
}

TEST(Options, DefaultsAreTyped) {
  const Options options = default_options();
  ASSERT_EQ(options.listen.size(), 1u);
  EXPECT_EQ(options.listen[0].host, "127.0.0.1");
  EXPECT_EQ(options.listen[0].port, 7070);
  ASSERT_TRUE(options.admin.has_value());
  EXPECT_EQ(options.admin->port, 7071);
  ASSERT_EQ(options.upstreams.size(), 1u);
  EXPECT_EQ(options.upstreams[0].url, "https://api.openai.com");
  EXPECT_EQ(options.memory_bytes_max, 256u << 20);
  EXPECT_EQ(options.memcached_timeout_ms, 20);
  EXPECT_EQ(options.ttl_ms, 86'400'000);
  EXPECT_EQ(options.stale_ms, 0);
  EXPECT_EQ(options.heartbeat_ms, 0);
  EXPECT_EQ(options.first_byte_timeout_ms, 600'000);
  EXPECT_EQ(options.max_head_bytes, 65536u);
  EXPECT_GE(options.workers, 1u);
  EXPECT_TRUE(options.coalesce);
  EXPECT_TRUE(options.retry_reused);
  EXPECT_FALSE(options.access_log);
  EXPECT_EQ(options.admin_token, "");
  EXPECT_EQ(options.upstream_ca_file, "");
  EXPECT_EQ(options.command, Command::kRun);
}

TEST(Options, EveryOptionHasASample) {
  const auto all = samples();
  for_each_option([&](const OptionSpec& spec) {
    const bool sampled = std::any_of(
        all.begin(), all.end(), [&](const Sample& sample) { return sample.option == spec.name; });
    EXPECT_EQ(sampled, spec.built != Built::kDefaultOnly) << spec.name;
  });
}

TEST(Options, EveryOptionIsAFlag) {
  for (const Sample& sample : samples()) {
    for (const bool joined : {false, true}) {
      auto arguments = companions(sample.option);
      const std::string flag = "--" + sample.option;
      if (joined) {
        arguments.push_back(flag + "=" + sample.text);
      } else {
        arguments.insert(arguments.end(), {flag, sample.text});
      }
      const Options options = load(arguments);
      EXPECT_THAT(value(options, sample.option), written(sample));
      EXPECT_THAT(options.warnings, IsEmpty());
    }
  }
}

TEST(Options, EveryOptionIsAnEnvironmentVariable) {
  for (const Sample& sample : samples()) {
    const Options options =
        load(companions(sample.option), {environment_name(sample.option) + "=" + sample.text});
    EXPECT_EQ(value(options, sample.option), written(sample));
    EXPECT_THAT(options.warnings, IsEmpty());
  }
}

TEST(Options, EveryOptionIsAKeyOfTheFile) {
  for (const Sample& sample : samples()) {
    const TemporaryFile file(sample.option + " = \"" + sample.text + "\"\n");
    auto arguments = companions(sample.option);
    arguments.insert(arguments.end(), {"--config", file.path()});
    EXPECT_EQ(value(load(arguments), sample.option), written(sample));
    EXPECT_EQ(
        value(load(companions(sample.option), {"REPRISE_CONFIG=" + file.path()}), sample.option),
        written(sample));
  }
}

TEST(Options, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const TemporaryFile file("ttl = \"1s\"\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n");
  const std::vector<std::string> config = {"--config", file.path()};
  const std::vector<std::string> config_and_flags = {"--config", file.path(), "--ttl",
                                                     "3s",       "--listen",  "127.0.0.1:4"};
  const std::vector<std::string> variables = {"REPRISE_TTL=2s", "REPRISE_LISTEN=127.0.0.1:3"};
  EXPECT_EQ(load({}).ttl_ms, 86'400'000);
  EXPECT_EQ(load(config).ttl_ms, 1000);
  EXPECT_EQ(load(config).listen.size(), 2u);
  EXPECT_EQ(load(config, variables).ttl_ms, 2000);
  EXPECT_EQ(load(config_and_flags, variables).ttl_ms, 3000);
  // Several values replace those of the weaker source; they do not join them.
  EXPECT_EQ(value(load(config, variables), "listen"), "127.0.0.1:3");
  EXPECT_EQ(value(load(config_and_flags, variables), "listen"), "127.0.0.1:4");
  // A stronger source can take back what a weaker one gave.
  EXPECT_FALSE(load({"--admin=off"}, {"REPRISE_ADMIN=127.0.0.1:9"}).admin.has_value());
}

TEST(Options, OnOffOptionsReadFiveWays) {
  EXPECT_TRUE(load({"--access-log"}).access_log);
  EXPECT_TRUE(load({"--access-log=on"}).access_log);
  EXPECT_TRUE(load({"--access-log", "on"}).access_log);
  EXPECT_FALSE(load({"--coalesce=off"}).coalesce);
  EXPECT_FALSE(load({"--coalesce", "off", "--access-log"}).coalesce);
  EXPECT_EQ(load({"--access-log", "--ttl", "1s"}).ttl_ms, 1000);
  EXPECT_TRUE(load_file("access-log = true\n").access_log);
  EXPECT_FALSE(load_file("coalesce = false\n").coalesce);
  EXPECT_FALSE(load_file("coalesce = \"off\"\n").coalesce);
}

TEST(Options, RepeatableOptionsTakeSeveralValues) {
  EXPECT_THAT(values(load({"--listen", "a:1", "--listen=b:2"}), "listen"),
              ElementsAre("a:1", "b:2"));
  EXPECT_THAT(values(load({}, {"REPRISE_LISTEN=a:1, b:2,[::1]:3"}), "listen"),
              ElementsAre("a:1", "b:2", "[::1]:3"));
  EXPECT_THAT(values(load_file("listen = [\"a:1\", \"b:2\"]\n"), "listen"),
              ElementsAre("a:1", "b:2"));
  EXPECT_THAT(values(load({"--upstream=https://h/v1", "--upstream", "v1=http://h:1"}), "upstream"),
              ElementsAre("https://h", "v1=http://h:1"));
  EXPECT_THAT(values(load({}, {"REPRISE_UPSTREAM=a=http://h,b=http://h"}), "upstream"),
              ElementsAre("a=http://h", "b=http://h"));
  EXPECT_THAT(load({"--ignore", "a,b", "--ignore", "c"}).ignore, ElementsAre("a", "b", "c"));
  EXPECT_THAT(load_file("ignore = \"a,b\"\n").ignore, ElementsAre("a", "b"));
  EXPECT_THAT(load_file("ignore = [\"a,b\"]\n").ignore, ElementsAre("a,b"));
  EXPECT_THAT(load_file("ignore = []\n").ignore, IsEmpty());
  EXPECT_THAT(load({"--ignore="}, {"REPRISE_IGNORE=a"}).ignore, IsEmpty());
}

TEST(Options, NumbersInTheFileMayBeBare) {
  const Options options = load_file("workers = 2\nmax-connections = 5\nmax-object = 4096\n");
  EXPECT_EQ(options.workers, 2u);
  EXPECT_EQ(options.max_connections, 5u);
  EXPECT_EQ(options.max_object_bytes, 4096u);
}

TEST(Options, CommandsAreTold) {
  EXPECT_EQ(load({"--check"}).command, Command::kCheck);
  EXPECT_EQ(load({"--version"}).command, Command::kVersion);
  EXPECT_EQ(load({"--help"}).command, Command::kHelp);
  EXPECT_EQ(load({"-h"}).command, Command::kHelp);
  // They answer whatever else is wrong.
  EXPECT_EQ(load({"--help", "--nonsense", "--ttl=x"}).command, Command::kHelp);
  EXPECT_EQ(load({"--version"}, {"REPRISE_TTL=x"}).command, Command::kVersion);
}

TEST(Options, UnknownVariablesAreAWarning) {
  const Options options = load({}, {"REPRISE_SERVICE_HOST=10.0.0.1", "REPRISE_CHECK=1",
                                    "REPRISED=1", "HOME=/", "REPRISE_\n=x", "REPRISE_TTL=1s"});
  EXPECT_EQ(options.ttl_ms, 1000);
  ASSERT_EQ(options.warnings.size(), 3u);
  EXPECT_THAT(options.warnings[0],
              AllOf(HasSubstr("REPRISE_SERVICE_HOST"), Not(HasSubstr("10.0.0.1"))));
  EXPECT_THAT(options.warnings[1], HasSubstr("REPRISE_CHECK"));
  EXPECT_THAT(options.warnings[2], HasSubstr("REPRISE_\\n"));
}

TEST(Options, ChangesThatNeedARestartAreNamed) {
  const Options running = load({});
  EXPECT_THAT(restart_needed(running, running), IsEmpty());
  EXPECT_THAT(restart_needed(running, load({"--ttl=1s", "--ignore=a", "--log-level=debug",
                                            "--idle-timeout=1s", "--upstream=http://h"})),
              IsEmpty());
  EXPECT_THAT(restart_needed(running, load({"--memory=1MiB", "--ttl=1s", "--listen=h:1"})),
              ElementsAre("listen", "memory"));
  // A secret that has changed has changed.
  EXPECT_THAT(
      restart_needed(load({"--upstream-proxy=u:a@p:1"}), load({"--upstream-proxy=u:b@p:1"})),
      ElementsAre("upstream-proxy"));
}

// Each option changes if a running process can take it, and else stays, whatever else changes.
TEST(Options, LiveValuesAreTakenAndOthersStay) {
  const Options running = load({});
  for (const Sample& sample : samples()) {
    auto arguments = companions(sample.option);
    arguments.insert(arguments.end(), {"--" + sample.option, sample.text});
    const Options wanted = load(arguments);
    const OptionSpec& spec = *find_option(sample.option);
    ASSERT_NE(spec.values(running), spec.values(wanted)) << sample.option;
    const Options mixed = with_live_values(running, wanted);
    const Options& expected = spec.reload == Reload::kLive ? wanted : running;
    EXPECT_EQ(spec.values(mixed), spec.values(expected)) << sample.option;
    EXPECT_THAT(restart_needed(running, mixed), IsEmpty()) << sample.option;
  }
}

TEST(Options, PricesAreTakenWithTheirFile) {
  const Options wanted = load({"--prices", REPRISE_TREE "/conf/prices.toml"});
  ASSERT_NE(wanted.prices, nullptr);
  EXPECT_EQ(with_live_values(load({}), wanted).prices, wanted.prices);
  EXPECT_EQ(with_live_values(wanted, load({})).prices, nullptr);
}

}  // namespace
}  // namespace reprise::app
