#include "http/forwarding.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace reprise::http {

namespace {

constexpr std::array<std::string_view, 10> kHopByHop = {"connection",
                                                        "keep-alive",
                                                        "proxy-connection",
                                                        "te",
                                                        "upgrade",
                                                        "transfer-encoding",
                                                        "http2-settings",
                                                        "proxy-authorization",
                                                        "proxy-authenticate",
                                                        "proxy-authentication-info"};

bool is_hop_by_hop(std::string_view name) {
  return std::ranges::any_of(kHopByHop, [&](std::string_view hop) { return iequals(name, hop); });
}

// Options that name no field which is not removed anyway, and the fields that nobody may name.
bool names_nothing_more(std::string_view option) {
  return iequals(option, "close") || iequals(option, "host") || iequals(option, "content-length") ||
         is_hop_by_hop(option);
}

bool takes_trailers(std::string_view te) {
  bool found = false;
  for_each_token(te, [&](std::string_view coding) { found |= iequals(coding, "trailers"); });
  return found;
}

// Named: what the Connection fields of one message name.
struct Named {
  bool upgrade = false;
  std::vector<std::string_view> others;  // sorted without regard to case
};

bool before(std::string_view a, std::string_view b) {
  return std::ranges::lexicographical_compare(
      a, b, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : +c; },
      [](char c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : +c; });
}

Named named_by_connection(const Fields& fields) {
  Named named;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!iequals(fields[i].name, "connection")) continue;
    for_each_token(fields[i].value, [&](std::string_view option) {
      named.upgrade |= iequals(option, "upgrade");
      if (!names_nothing_more(option)) named.others.push_back(option);
    });
  }
  std::ranges::sort(named.others, before);
  return named;
}

}  // namespace

Hop strip_hop_by_hop(Fields& fields) {
  Hop hop;
  const Named named = named_by_connection(fields);
  fields.remove_if([&](const Fields::Field& field) {
    if (iequals(field.name, "te")) hop.te_trailers |= takes_trailers(field.value);
    if (named.upgrade && iequals(field.name, "upgrade") && !field.value.empty()) {
      if (!hop.upgrade.empty()) hop.upgrade.append(", ");
      hop.upgrade.append(field.value);
    }
    return is_hop_by_hop(field.name) ||
           std::ranges::binary_search(named.others, field.name, before);
  });
  return hop;
}

}  // namespace reprise::http
