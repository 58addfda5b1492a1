#include "openai/endpoint.h"

#include <array>

namespace reprise::openai {

namespace {

// True if every byte is one that no server decodes, normalises or strips before it looks a path up:
// neither percent, backslash nor semicolon.
bool is_plain(std::string_view segment) {
  for (const char c : segment) {
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!alphanumeric && std::string_view("-._~!$&'()*+,=:@").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// "" or "/segment/segment…": no segment empty or made of dots.
bool is_plain_path(std::string_view path) {
  while (!path.empty()) {
    if (path.front() != '/') return false;
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == ".." || !is_plain(segment)) return false;
    path.remove_prefix(segment.size());
  }
  return true;
}

// Where a route may stand.
enum Place : uint8_t {
  kBare = 1,         // at the root
  kV1 = 2,           // behind …/v1
  kV2 = 4,           // behind …/v2
  kDeployments = 8,  // behind …/openai/deployments/{name}
};

struct Entry {
  std::string_view name;
  Route route;
  uint8_t places;
};

// llama.cpp's own /completions is not OpenAI's; everything else is the same with and without /v1.
constexpr std::string_view kOtherName = "other";
constexpr std::array<Entry, kRouteCount - 1> kEntries = {{
    {"chat/completions", Route::kChatCompletions, kBare | kV1 | kDeployments},
    {"completions", Route::kCompletions, kV1 | kDeployments},
    {"responses", Route::kResponses, kBare | kV1},
    {"responses/input_tokens", Route::kResponsesInputTokens, kBare | kV1},
    {"embeddings", Route::kEmbeddings, kBare | kV1 | kDeployments},
    {"moderations", Route::kModerations, kBare | kV1},
    {"rerank", Route::kRerank, kBare | kV1 | kV2},
    {"score", Route::kScore, kBare | kV1},
    {"messages", Route::kMessages, kBare | kV1},
    {"messages/count_tokens", Route::kMessagesCountTokens, kBare | kV1},
}};

bool is_deployment(std::string_view base) {
  const size_t slash = base.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == base.size()) return false;
  return base.substr(0, slash).ends_with("/openai/deployments");
}

// The place that `base`, the path without a route's name and the slash before it, is.
uint8_t place_of(std::string_view base) {
  if (base.empty()) return kBare;
  if (base.ends_with("/v1")) return kV1;
  if (base.ends_with("/v2")) return kV2;
  return is_deployment(base) ? kDeployments : 0;
}

}  // namespace

std::string_view route_name(Route route) {
  for (const Entry& entry : kEntries) {
    if (entry.route == route) return entry.name;
  }
  return kOtherName;
}

std::optional<Route> route_named(std::string_view name) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.route;
  }
  if (name == kOtherName) return Route::kOther;
  return std::nullopt;
}

Route classify(std::string_view method, std::string_view target) {
  if (method != "POST") return Route::kOther;
  const std::string_view path = target.substr(0, target.find('?'));
  for (const Entry& entry : kEntries) {
    if (path.size() <= entry.name.size() || !path.ends_with(entry.name)) continue;
    std::string_view base = path.substr(0, path.size() - entry.name.size());
    if (base.back() != '/') continue;
    base.remove_suffix(1);
    if ((place_of(base) & entry.places) != 0 && is_plain_path(base)) return entry.route;
  }
  return Route::kOther;
}

}  // namespace reprise::openai
