#include "openai/error_body.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace reprise::openai {
namespace {

TEST(ErrorBody, HasTheShapeThatClientsRead) {
  EXPECT_EQ(error_body(ErrorCode::kNotCached, "not \"here\"\n"),
            R"({"error":{"message":"not \"here\"\n","type":"reprise_error","param":null,)"
            R"("code":"not_cached"}})");
}

TEST(ErrorBody, IsJsonWhateverTheMessageIs) {
  for (std::string_view message :
       {std::string_view("\xFF\xC3(\xE2\x82"), std::string_view("a\0b\x1f\x7f", 5),
        std::string_view("\\\"/<script>"), std::string_view("😀é\xE2\x80\xA8")}) {
    base::JsonNormaliser json;
    EXPECT_EQ(json.read(error_body(ErrorCode::kBadRequest, message)), base::JsonFault::kNone);
  }
  EXPECT_NE(error_body(ErrorCode::kBadRequest, "\xFF").find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(ErrorBody, EveryCodeHasItsStatusAndName) {
  struct Expected {
    ErrorCode code;
    int status;
    std::string_view name;
  };
  const Expected all[] = {{ErrorCode::kBadRequest, 400, "bad_request"},
                          {ErrorCode::kUnauthorized, 401, "unauthorized"},
                          {ErrorCode::kForbidden, 403, "forbidden"},
                          {ErrorCode::kNotFound, 404, "not_found"},
                          {ErrorCode::kMethodNotAllowed, 405, "method_not_allowed"},
                          {ErrorCode::kRequestTimeout, 408, "request_timeout"},
                          {ErrorCode::kUriTooLong, 414, "uri_too_long"},
                          {ErrorCode::kExpectationFailed, 417, "expectation_failed"},
                          {ErrorCode::kHeadersTooLarge, 431, "headers_too_large"},
                          {ErrorCode::kUpstreamUnreachable, 502, "upstream_unreachable"},
                          {ErrorCode::kUpstreamTls, 502, "upstream_tls"},
                          {ErrorCode::kUpstreamProtocol, 502, "upstream_protocol"},
                          {ErrorCode::kOverloaded, 503, "overloaded"},
                          {ErrorCode::kDraining, 503, "draining"},
                          {ErrorCode::kUpstreamTimeout, 504, "upstream_timeout"},
                          {ErrorCode::kNotCached, 504, "not_cached"}};
  for (const Expected& expected : all) {
    EXPECT_EQ(error_status(expected.code), expected.status) << expected.name;
    EXPECT_EQ(error_name(expected.code), expected.name);
  }
}

TEST(ErrorBody, FieldsTellClientsWhetherToTryAgain) {
  const auto field_of = [](ErrorCode code, std::string_view name) {
    http::Fields fields;
    add_error_fields(code, &fields);
    EXPECT_EQ(fields.find("content-type"), "application/json");
    return fields.find(name).has_value() ? std::string(*fields.find(name)) : std::string();
  };
  EXPECT_EQ(field_of(ErrorCode::kNotCached, "x-should-retry"), "false");
  EXPECT_EQ(field_of(ErrorCode::kUpstreamTimeout, "x-should-retry"), "");
  EXPECT_EQ(field_of(ErrorCode::kOverloaded, "retry-after"), "1");
  EXPECT_EQ(field_of(ErrorCode::kDraining, "retry-after"), "1");
  EXPECT_NE(field_of(ErrorCode::kUnauthorized, "www-authenticate"), "");
  EXPECT_NE(field_of(ErrorCode::kMethodNotAllowed, "allow"), "");
}

}  // namespace
}  // namespace reprise::openai
