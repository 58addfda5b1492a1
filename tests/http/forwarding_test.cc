#include "http/forwarding.h"

#include <gtest/gtest.h>

#include <initializer_list>

#include "http/event_log.h"

namespace reprise::http {
namespace {

struct Stripped {
  Hop hop;
  std::string left;
};

Stripped strip(std::initializer_list<Fields::Field> input) {
  Fields fields;
  for (const Fields::Field& field : input) fields.add(field.name, field.value);
  Stripped result;
  result.hop = strip_hop_by_hop(fields);
  result.left = to_text(fields);
  return result;
}

TEST(Forwarding, RemovesWhatBelongsToOneConnection) {
  EXPECT_EQ(strip({{"Host", "a"},
                   {"Connection", "keep-alive"},
                   {"keep-ALIVE", "timeout=5"},
                   {"Proxy-Connection", "x"},
                   {"TE", "gzip"},
                   {"Transfer-Encoding", "chunked"},
                   {"Upgrade", "h2c"},
                   {"HTTP2-Settings", "x"},
                   {"Proxy-Authorization", "x"},
                   {"Proxy-Authenticate", "x"},
                   {"Proxy-Authentication-Info", "x"},
                   {"Authorization", "Bearer k"},
                   {"Trailer", "X-Sum"},
                   {"X-b", "1"},
                   {"x-B", " 2"}})
                .left,
            "[Host=a][Authorization=Bearer k][Trailer=X-Sum][X-b=1][x-B= 2]");
}

TEST(Forwarding, RemovesWhatConnectionNames) {
  EXPECT_EQ(strip({{"x-one", "1"},
                   {"Connection", "X-One , close,,X-three"},
                   {"X-Two", "2"},
                   {"connection", "\"X-Four, x-five"},
                   {"X-Three", "3"},
                   {"X-Five", "5"},
                   {"X-One", "again"},
                   {"X-One-More", "stays"}})
                .left,
            "[X-Two=2][X-One-More=stays]");
}

TEST(Forwarding, NeverLetsConnectionRemoveRoutingOrFraming) {
  EXPECT_EQ(strip({{"Host", "a"},
                   {"Content-Length", "5"},
                   {"Connection", "host, Content-Length, transfer-encoding"}})
                .left,
            "[Host=a][Content-Length=5]");
}

TEST(Forwarding, RemembersTrailersAndUpgrade) {
  const Stripped both = strip({{"Connection", "TE, Upgrade"},
                               {"TE", "gzip;q=0.5, Trailers"},
                               {"Upgrade", "websocket"},
                               {"Upgrade", "h2c"}});
  EXPECT_TRUE(both.hop.te_trailers);
  EXPECT_EQ(both.hop.upgrade, "websocket, h2c");
  EXPECT_EQ(both.left, "");
  const Stripped neither = strip({{"TE", "gzip"}, {"Upgrade", "websocket"}});
  EXPECT_FALSE(neither.hop.te_trailers);
  EXPECT_EQ(neither.hop.upgrade, "") << "an upgrade that Connection does not name is none";
}

TEST(Forwarding, CopesWithVeryManyOptions) {
  std::string options;
  for (int i = 0; i < 5000; ++i) options += "x-" + std::to_string(i) + ",";
  EXPECT_EQ(strip({{"Connection", options}, {"X-4999", "1"}, {"X-5000", "2"}}).left, "[X-5000=2]");
}

}  // namespace
}  // namespace reprise::http
