#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/option_support.h"
#include "app/option_table.h"

namespace reprise::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// BadValue: a value no source may give, and a part of what is said to be expected instead.
struct BadValue {
  std::string option;
  std::string value;
  std::string expected;
};

std::vector<BadValue> bad_values() {
  return {
      {"listen", "7070", "HOST:PORT, [v6]:PORT or unix:PATH"},
      {"listen", ":7070", "HOST:PORT"},
      {"listen", "127.0.0.1:65536", "port from 0 to 65535"},
      {"listen", "127.1:7070", "HOST:PORT"},
      {"listen", "0x7f000001:7070", "HOST:PORT"},
      {"listen", "::1:7070", "HOST:PORT"},
      {"listen", "[::g]:7070", "[v6]:PORT"},
      {"listen", "[::1]7070", "[v6]:PORT"},
      {"listen", "a b:1", "HOST:PORT"},
      {"listen", "unix:", "unix: and a path"},
      {"listen", "unix:/" + std::string(107, 'x'), "1 to 107 bytes"},
      {"admin", "on", "HOST:PORT"},
      {"admin", "0.0.0.0:7071", "expected an address on loopback, or --admin-token as well"},
      {"admin", "[::]:0", "--admin-token"},
      {"admin", "localhost.example.com:1", "--admin-token"},
      {"admin", "128.0.0.1:1", "--admin-token"},
      {"admin-token", "***", "the token itself"},
      {"admin-token", "", "1 to 512 visible ASCII"},
      {"admin-token", "two words", "visible ASCII"},
      {"upstream", "api.openai.com", "http://HOST[:PORT][/PATH] or https://"},
      {"upstream", "ftp://h", "http://HOST"},
      {"upstream", "https://", "http://HOST"},
      {"upstream", "https://u:p@h", "without user name and password"},
      {"upstream", "https://h?x=1", "without query and fragment"},
      {"upstream", "https://h/v1#f", "without query and fragment"},
      {"upstream", "https://h:0", "a port from 1 to 65535"},
      {"upstream", "https://h:", "a port from 1 to 65535"},
      {"upstream", "https://h/a b", "a path of URL characters"},
      {"upstream", "https://h/%zz", "a path of URL characters"},
      {"upstream", "https://h/../x", "without . or .. segments"},
      {"upstream", "a/b=https://h", "a name of 1 to 64 of"},
      {"upstream-proxy", "https://p:1", "off or [http://][USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "socks5://p:1", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://p", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://p:0", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://p:1/x", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "p:1/", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://@p:1", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "https://user:s3cret@p:1", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://user:s3cret@p:x", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "user:s3cret@", "[USER:PASSWORD@]HOST:PORT"},
      {"upstream-proxy", "http://user:s3cret@:@p:1", "as %XX"},
      {"upstream-proxy", "http://user:s3cret/@p:1", "as %XX"},
      {"upstream-proxy", "http://user:s3cret%@p:1", "as %XX"},
      {"upstream-proxy", "http://user:s3cret%2@p:1", "as %XX"},
      {"upstream-proxy", "http://user:s3cret%0a@p:1", "as %XX"},
      {"upstream-proxy", "http://us%3aer:s3cret@p:1", "as %XX"},
      {"upstream-proxy", "http://user:s3cret ü@p:1", "as %XX"},
      {"upstream-proxy", "http://***@p:1", "the user name and password"},
      {"workers", "0", "an integer from 1 to 1024, or auto"},
      {"workers", "1025", "an integer from 1 to 1024"},
      {"workers", "-1", "an integer from 1 to 1024"},
      {"workers", "2x", "an integer from 1 to 1024"},
      {"memory", "256Mi", "B, KiB, MiB"},
      {"memory", "-1", "B, KiB, MiB"},
      {"memory", "off", "B, KiB, MiB"},
      {"max-object", "2000TiB", "at most 1024TiB"},
      {"max-head", "1", "256B to 16MiB"},
      {"max-uri", "1GiB", "64B to 16MiB"},
      {"max-connections", "0", "an integer from 1 to 1000000"},
      {"ttl", "10", "an integer and one of ms, s, m, h, d"},
      {"ttl", "-1s", "an integer and one of ms, s, m, h, d"},
      {"ttl", "1.5h", "an integer and one of ms, s, m, h, d"},
      {"ttl", "99999999999999999999d", "at most 36500d"},
      {"connect-timeout", "0s", "at least 1ms"},
      {"drain", "soon", "an integer and one of ms, s, m, h, d"},
      {"scope", "all", "key or global"},
      {"mode", "on", "cache, off or offline"},
      {"on-abort", "stop", "cancel or finish"},
      {"coalesce", "yes", "on or off"},
      {"access-log", "1", "on or off"},
      {"namespace", "a/b", "at most 128 of A-Za-z0-9._:-"},
      {"namespace", std::string(129, 'x'), "at most 128 of A-Za-z0-9._:-"},
      {"ignore", std::string(129, 'x'), "1 to 128 bytes"},
      {"log-format", "xml", "text or json"},
      {"log-level", "trace", "debug, info, warn or error"},
      {"upstream-ca", "/no/such/ca.pem", "a readable file, but No such file or directory"},
      {"upstream-ca", "/", "a readable file, but Is a directory"},
      {"tls-cert", kThisFile, "expected --tls-key as well"},
      {"tls-key", kThisFile, "expected --tls-cert as well"},
      {"tls-cert", "", "expected a path"},
      {"memcached", "h", "HOST:PORT or [v6]:PORT"},
      {"memcached", "h:0", "port from 1 to 65535"},
      {"memcached", "::1:11211", "HOST:PORT or [v6]:PORT"},
      {"memcached", "unix:/run/memcached.sock", "HOST:PORT or [v6]:PORT"},
      {"memcached-timeout", "20", "an integer and one of ms, s, m, h, d"},
      {"memcached-timeout", "0s", "at least 1ms"},
      {"memcached-secret", kThisFile, "expected --memcached as well"},
      {"memcached-secret", "/no/such", "expected --memcached as well"},
      {"aliases", "nginx", "helicone, cloudflare, portkey or openrouter"},
      {"aliases", "Helicone", "helicone, cloudflare, portkey or openrouter"},
      {"prices", "/no/such", "a readable TOML file, but No such file or directory"},
      {"prices", "/", "a readable TOML file, but Is a directory"},
      // Values of options that this build does not have are read all the same.
      {"stale", "5", "an integer and one of ms, s, m, h, d"},
      {"pace", "0/s", "instant, recorded or N/s"},
      {"heartbeat", "0s", "at least 1ms"},
  };
}

std::string in_toml(const std::string& text) { return "\"" + text + "\""; }

void expect_complaint(const std::string& detail, const BadValue& bad) {
  EXPECT_THAT(detail, HasSubstr("--" + bad.option));
  EXPECT_THAT(detail, HasSubstr(bad.expected));
  if (bad.option == "admin-token") {
    EXPECT_THAT(detail, StartsWith("--admin-token ***: expected"));
  } else if (bad.value.find('@') != std::string::npos && bad.option == "upstream-proxy") {
    EXPECT_THAT(detail, AllOf(HasSubstr("***@"), Not(HasSubstr("s3cret"))));
  } else {
    EXPECT_THAT(detail, HasSubstr("\"" + bad.value + "\""));
  }
}

TEST(OptionRefusals, BadFlagsNameOptionValueAndExpectation) {
  for (const BadValue& bad : bad_values()) {
    expect_complaint(refusal({"--" + bad.option + "=" + bad.value}), bad);
    expect_complaint(refusal({"--" + bad.option, bad.value}), bad);
  }
}

TEST(OptionRefusals, BadVariablesNameTheVariableToo) {
  for (const BadValue& bad : bad_values()) {
    const std::string variable = environment_name(bad.option);
    const std::string detail = refusal({}, {variable + "=" + bad.value});
    expect_complaint(detail, bad);
    EXPECT_THAT(detail, EndsWith("(from " + variable + ")"));
  }
}

TEST(OptionRefusals, BadKeysNameTheLineToo) {
  for (const BadValue& bad : bad_values()) {
    const std::string detail =
        refusal_of_file("\n" + bad.option + " = " + in_toml(bad.value) + "\n");
    expect_complaint(detail, bad);
    EXPECT_THAT(detail, EndsWith(", line 2)"));
  }
}

TEST(OptionRefusals, ABadValueIsRefusedEvenIfAStrongerSourceGivesAnother) {
  EXPECT_THAT(refusal({"--ttl=1s"}, {"REPRISE_TTL=x"}), HasSubstr("REPRISE_TTL"));
}

TEST(OptionRefusals, UnknownFlags) {
  EXPECT_EQ(refusal({"--ttll", "1s"}),
            "--ttll: unknown option, expected one that --help lists; did you mean --ttl?");
  EXPECT_THAT(refusal({"--tokn=s3cret"}), AllOf(HasSubstr("--tokn"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(refusal({"-x"}), StartsWith("-x: unknown option"));
  EXPECT_THAT(refusal({"--\x1b[2J"}), StartsWith("--\\x1b[2J: unknown option"));
  EXPECT_THAT(refusal({"serve"}), HasSubstr("\"serve\": expected options only"));
  EXPECT_THAT(refusal({"--ttl", "1s", "--", "x"}), HasSubstr("\"--\": expected options only"));
  EXPECT_THAT(refusal({"--ttl"}), HasSubstr("--ttl \"\": expected a value, DURATION"));
  EXPECT_THAT(refusal({"--config"}), StartsWith("--config"));
  EXPECT_THAT(refusal({"--check=no"}), StartsWith("--check \"no\": expected"));
}

TEST(OptionRefusals, UnknownKeys) {
  EXPECT_THAT(refusal_of_file("ttl = \"1s\"\nmax_object = \"1MiB\"\n"),
              AllOf(HasSubstr("key \"max_object\": unknown option"),
                    HasSubstr("did you mean --max-object?"), HasSubstr("line 2")));
  EXPECT_THAT(refusal_of_file("[upstream]\nurl = \"x\"\n"),
              HasSubstr("--upstream \"a table\": expected an array of strings or a string"));
  EXPECT_THAT(refusal_of_file("[cache]\nttl = \"1s\"\n"), HasSubstr("key \"cache\""));
  EXPECT_THAT(refusal_of_file("check = true\n"), HasSubstr("key \"check\": unknown option"));
  EXPECT_THAT(refusal_of_file("config = \"x\"\n"), HasSubstr("key \"config\": unknown option"));
}

TEST(OptionRefusals, ValuesOfTheWrongType) {
  EXPECT_THAT(refusal_of_file("ttl = 10\n"), HasSubstr("--ttl \"10\": expected an integer and"));
  EXPECT_THAT(refusal_of_file("namespace = 5\n"),
              HasSubstr("--namespace \"an integer\": expected a string"));
  EXPECT_THAT(refusal_of_file("coalesce = 1\n"), HasSubstr("--coalesce \"an integer\": expected "));
  EXPECT_THAT(refusal_of_file("ttl = [\"1s\"]\n"), HasSubstr("--ttl \"an array\": expected a str"));
  EXPECT_THAT(refusal_of_file("workers = 1.5\n"), HasSubstr("--workers \"a float\": expected an"));
  EXPECT_THAT(refusal_of_file("workers = -1\n"), HasSubstr("--workers \"-1\": expected an"));
  EXPECT_THAT(refusal_of_file("listen = [1]\n"), HasSubstr("--listen \"an array\": expected an"));
  EXPECT_THAT(refusal_of_file("listen = []\n"), HasSubstr("--listen \"\": expected one value"));
}

TEST(OptionRefusals, FilesThatAreNoConfiguration) {
  EXPECT_THAT(refusal({"--config", "/no/such.toml"}),
              HasSubstr("--config \"/no/such.toml\": expected a readable TOML file, but No such"));
  EXPECT_THAT(refusal({"--config", "/"}), HasSubstr("--config \"/\": expected a readable TOML"));
  EXPECT_THAT(refusal({}, {"REPRISE_CONFIG=/no/such.toml"}), HasSubstr("/no/such.toml"));
  EXPECT_THAT(refusal_of_file("ttl = \"1s\"\nttl = \"2s\"\n"), HasSubstr("line 2"));
  EXPECT_THAT(refusal_of_file("ttl = \n"), HasSubstr("line 1"));
  EXPECT_THAT(refusal_of_file("namespace = \"\xff\"\n"),
              HasSubstr("expected a readable TOML file"));
  EXPECT_THAT(refusal_of_file(std::string((1 << 20) + 1, '#')), HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(refusal_of_file("x = " + std::string(100000, '[')), HasSubstr("--config"));
}

TEST(OptionRefusals, Conflicts) {
  EXPECT_THAT(refusal({"--ttl=1s", "--ttl=2s"}), HasSubstr("--ttl \"2s\": expected once"));
  EXPECT_EQ(load({"--ttl=1s", "--ttl=1s"}).ttl_ms, 1000);
  EXPECT_THAT(refusal({"--listen=h:1", "--listen=h:1"}), HasSubstr("expected each address once"));
  EXPECT_EQ(load({"--listen=h:0", "--listen=h:0"}).listen.size(), 2u);
  EXPECT_THAT(refusal({"--listen=127.0.0.1:5", "--admin=127.0.0.1:5"}),
              HasSubstr("--admin \"127.0.0.1:5\": expected an address that --listen does not use"));
  EXPECT_THAT(refusal({"--listen=127.0.0.1:7071"}), HasSubstr("(from the default)"));
  EXPECT_THAT(refusal({"--upstream=http://a", "--upstream=http://b"}),
              HasSubstr("--upstream \"http://b\": expected no more than one without a name"));
  EXPECT_THAT(refusal({"--upstream=a=http://a", "--upstream=a=http://b"}),
              HasSubstr("--upstream \"a=http://b\": expected each name once"));
}

TEST(OptionRefusals, AdminBeyondLoopbackTakesAToken) {
  EXPECT_EQ(load({"--admin=0.0.0.0:7071", "--admin-token=s"}).admin_token, "s");
  for (const char* loopback : {"localhost:1", "LOCALHOST:1", "127.9.9.9:1", "[::1]:1",
                               "[::ffff:127.0.0.1]:1", "unix:/a"}) {
    EXPECT_TRUE(load({"--admin", loopback}).admin->is_loopback()) << loopback;
  }
}

TEST(OptionRefusals, WhatCannotBePrintedIsNoValue) {
  EXPECT_THAT(refusal({"--listen=unix:/a\nb"}),
              HasSubstr("\"unix:/a\\nb\": expected UTF-8 without control characters"));
  EXPECT_THAT(refusal({"--ignore=\xff"}), HasSubstr("\"\\xff\": expected UTF-8"));
  EXPECT_THAT(refusal({"--tls-cert=" + std::string(5000, 'x')}), HasSubstr("at most 4096 bytes"));
  std::string many = "a";
  for (int i = 0; i < 64; ++i) many += ",a";
  EXPECT_THAT(refusal({"--ignore=" + many}), HasSubstr("at most 64 values"));
}

TEST(OptionRefusals, WhatThisBuildDoesNotHave) {
  const struct {
    std::string option;
    std::string value;
    std::string named;
    std::string expected;
  } lacking[] = {
      {"takeover", "on", "--takeover is", "off"},
  };
  for (const auto& lack : lacking) {
    const std::string detail =
        lack.named + " not available in this build: given \"" + lack.value + "\", expected ";
    EXPECT_EQ(refusal({"--" + lack.option + "=" + lack.value}), detail + lack.expected);
    const std::string variable = environment_name(lack.option);
    EXPECT_EQ(refusal({}, {variable + "=" + lack.value}),
              detail + lack.expected + " (from " + variable + ")");
    EXPECT_THAT(refusal_of_file(lack.option + " = " + in_toml(lack.value)), StartsWith(detail));
  }
  EXPECT_THAT(refusal({"--takeover"}), StartsWith("--takeover is not available"));
}

TEST(OptionRefusals, TheDefaultOfWhatThisBuildDoesNotHaveIsFine) {
  for_each_option([](const OptionSpec& spec) {
    if (spec.built != Built::kDefaultOnly) return;
    load({"--" + std::string(spec.name) + "=" + std::string(spec.default_text)});
  });
  EXPECT_EQ(load({"--memcached=off"}, {"REPRISE_MEMCACHED=h:1"}).memcached.size(), 0u);
}

}  // namespace
}  // namespace reprise::app
