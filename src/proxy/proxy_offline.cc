#include <string>
#include <utility>

#include "cache/nearest_question.h"
#include "proxy/proxy_exchange.h"

// How ProxyExchange refuses what only the endpoint could answer, where it is not to be asked.

namespace reprise::proxy {

namespace {

// How many known questions are compared with one that is not.
constexpr size_t kComparedMax = 4096;

// What is not in the body, and tells questions apart all the same.
constexpr std::string_view kApart = "endpoint, path, query, namespace, headers or credentials";

std::string describe(const cache::NearestQuestion::Nearest& nearest) {
  std::string text = "; the nearest known question is " + nearest.key.hex();
  if (nearest.differs.empty()) return text.append(", which differs in ").append(kApart);
  text.append(", which differs in: ");
  for (const std::string& name : nearest.differs) {
    if (&name != &nearest.differs.front()) text.append(", ");
    text.append(name);
  }
  return text;
}

}  // namespace

bool ProxyExchange::offline() const { return settings_->mode == Mode::kOffline; }

void ProxyExchange::refuse_contact(std::string_view what) {
  respond_error(openai::ErrorCode::kNotCached,
                std::string(what) + ", and reprise is offline (--mode offline)");
}

void ProxyExchange::refuse_uncached() {
  const std::string lacking(note_.detail);
  const std::string_view why = offline() ? "offline" : "only-if-cached";
  note_ = {base::CacheResult::kMiss, "uri-miss", why, false};
  std::string what = "the question is not in the cache";
  if (!lacking.empty()) {
    what = "the question is in the cache, but not in this form (" + lacking + ")";
  } else if (offline()) {
    return refuse_unknown();
  }
  if (offline()) return refuse_contact(what);
  respond_error(openai::ErrorCode::kNotCached, what + ", and only-if-cached was asked for");
}

// Says, for people, which known question whoever asks may have meant. Files are looked through by a
// thread that may.
void ProxyExchange::refuse_unknown() {
  scan_ = std::make_shared<cache::CassetteScan>(question_.route, &scanned_);
  if (context_.commons.cassette == nullptr) return on_scanned();
  context_.commons.cassette->submit(scan_);
}

void ProxyExchange::on_scanned() {
  const std::shared_ptr<cache::CassetteScan> scan = std::exchange(scan_, nullptr);
  read_again();
  const openai::QuestionDetails details = context_.questions.describe();
  cache::NearestQuestion nearest(details.members);
  for (const auto& entry : context_.commons.memory.sample(kComparedMax)) {
    if (entry->route != question_.route || context_.commons.purges.gone(*entry)) continue;
    nearest.consider(entry->key, entry->members);
  }
  for (const cache::KnownQuestion& known : scan->found) {
    nearest.consider(known.key, known.members);
  }
  const auto found = nearest.found();
  refuse_contact("the question is not in the cache" +
                 (found ? describe(*found) : std::string("; no question of this route is known")));
}

}  // namespace reprise::proxy
