#include "app/option_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/option_proxy.h"

namespace reprise::app {
namespace {

using testing::ElementsAre;

TEST(OptionValues, UpstreamsAreNormalised) {
  const struct {
    std::string_view text, authority, prefix, url;
    uint16_t port;
  } cases[] = {
      {"https://api.openai.com", "api.openai.com", "", "https://api.openai.com", 443},
      {"https://api.openai.com/v1", "api.openai.com", "", "https://api.openai.com", 443},
      {"HTTPS://API.OpenAI.com:443/v1/", "api.openai.com", "", "https://api.openai.com", 443},
      {"http://127.0.0.1:11434", "127.0.0.1:11434", "", "http://127.0.0.1:11434", 11434},
      {"http://h:80/", "h", "", "http://h", 80},
      {"http://h:443", "h:443", "", "http://h:443", 443},
      {"https://[::1]:8443/a/b//", "[::1]:8443", "/a/b", "https://[::1]:8443/a/b", 8443},
      {"https://h/api//v1//", "h", "/api", "https://h/api", 443},
      {"https://h/v1/v1", "h", "/v1", "https://h/v1", 443},
      {"https://h/api/v10", "h", "/api/v10", "https://h/api/v10", 443},
      {"https://h/av1", "h", "/av1", "https://h/av1", 443},
      {"https://my_service.local/a%20b=c", "my_service.local", "/a%20b=c",
       "https://my_service.local/a%20b=c", 443},
  };
  for (const auto& c : cases) {
    const auto upstream = parse_upstream(c.text);
    ASSERT_TRUE(upstream.has_value()) << c.text;
    EXPECT_EQ(upstream->name, "");
    EXPECT_EQ(upstream->authority, c.authority) << c.text;
    EXPECT_EQ(upstream->path_prefix, c.prefix) << c.text;
    EXPECT_EQ(upstream->url, c.url) << c.text;
    EXPECT_EQ(upstream->port, c.port) << c.text;
    EXPECT_EQ(parse_upstream(upstream->text()).value(), *upstream) << c.text;
  }
}

TEST(OptionValues, UpstreamsMayHaveNames) {
  const auto upstream = parse_upstream("local.1=http://[::1]:1/v1");
  ASSERT_TRUE(upstream.has_value());
  EXPECT_EQ(upstream->name, "local.1");
  EXPECT_EQ(upstream->scheme, UpstreamAddress::Scheme::kHttp);
  EXPECT_EQ(upstream->host, "::1");
  EXPECT_EQ(upstream->text(), "local.1=http://[::1]:1");
}

TEST(OptionValues, ListenAddresses) {
  for (std::string_view text : {"127.0.0.1:7070", "localhost:0", "[::1]:1", "0.0.0.0:65535",
                                "3f2ab:1", "unix:/run/x.sock", "unix:rel"}) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(parse_listen_address("[::1]:1")->host, "::1");
  EXPECT_EQ(parse_listen_address("unix:/a")->kind, ListenAddress::Kind::kUnix);
  EXPECT_FALSE(parse_listen_address("0.0.0.0:1")->is_loopback());
  EXPECT_FALSE(parse_listen_address("[::]:1")->is_loopback());
  EXPECT_FALSE(parse_listen_address("[::ffff:8.8.8.8]:1")->is_loopback());
  EXPECT_FALSE(parse_listen_address("127.example.com:1")->is_loopback());
}

TEST(OptionValues, ProxiesOnTheWayOut) {
  const struct {
    std::string_view text, written, authorization;
  } cases[] = {
      {"proxy:3128", "http://proxy:3128", ""},
      {"http://proxy:3128", "http://proxy:3128", ""},
      {"HTTP://Proxy:3128/", "http://proxy:3128", ""},
      {"http://[::1]:8080", "http://[::1]:8080", ""},
      {"http://Aladdin:open%20sesame@p:1", "http://Aladdin:open%20sesame@p:1",
       "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
      {"u:a:b%40%3A@p:1", "http://u:a:b%40%3A@p:1", "Basic dTphOmJAOg=="},
      {"http://u@p:1", "http://u@p:1", "Basic dTo="},
      {"http://:token@p:1", "http://:token@p:1", "Basic OnRva2Vu"},
      {"http://%c3%bc:%FF@p:1", "http://%c3%bc:%FF@p:1", "Basic w7w6/w=="},
  };
  for (const auto& c : cases) {
    const auto proxy = parse_upstream_proxy(c.text);
    ASSERT_TRUE(proxy.has_value()) << c.text;
    EXPECT_EQ(proxy->text(), c.written) << c.text;
    EXPECT_EQ(proxy->authorization, c.authorization) << c.text;
    EXPECT_EQ(parse_upstream_proxy(proxy->text()).value(), *proxy) << c.text;
  }
  EXPECT_EQ(parse_upstream_proxy("[::1]:8080")->server, (HostPort{"::1", 8080}));
}

TEST(OptionValues, UserInformationIsMasked) {
  EXPECT_EQ(without_user_info("http://u:p@h:1"), "http://***@h:1");
  EXPECT_EQ(without_user_info("u:p@h:1"), "***@h:1");
  EXPECT_EQ(without_user_info("http://u:p@/x@h"), "http://***@h");
  EXPECT_EQ(without_user_info("u:p://x@h"), "***@h");
  EXPECT_EQ(without_user_info("http://h:1"), "http://h:1");
}

TEST(OptionValues, OtherLists) {
  EXPECT_EQ(parse_host_port("[::1]:11211")->text(), "[::1]:11211");
  EXPECT_THAT(split_commas("a, b ,,c"), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(split_commas(""), ElementsAre(""));
}

}  // namespace
}  // namespace reprise::app
