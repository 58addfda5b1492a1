#include "cache/cassette_files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace reprise::cache {

namespace {

constexpr std::string_view kSuffix = ".json";

std::string name_of(const base::Digest128& key) { return key.hex() + std::string(kSuffix); }

std::optional<base::Digest128> key_of(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  base::Digest128 key;
  const bool named = base::Digest128::from_hex(name.substr(0, name.size() - kSuffix.size()), &key);
  // Other spellings are other files.
  if (!named || name_of(key) != name) return std::nullopt;
  return key;
}

}  // namespace

CassetteFiles::Decoded CassetteFiles::load(const base::Digest128& key, Part part) {
  // What claims to come from the future gives way to every purge and every other recording.
  constexpr int64_t kLongAgoUs = 1;
  auto text = directory_.read(name_of(key), codec_.file_bytes_max());
  if (!text) return tl::unexpected(std::move(text.error()));
  if (!*text) return nullptr;
  auto entry = part == Part::kAll ? codec_.decode(**text) : codec_.decode_question(**text);
  if (!entry) return entry;
  if ((*entry)->key != key) {
    return base::fail(base::ErrorKind::kRefuse, "key: not the one that names the file");
  }
  if (parts_.purges.too_far_ahead((*entry)->asked_at_us)) (*entry)->asked_at_us = kLongAgoUs;
  return entry;
}

void CassetteFiles::warn(const base::Digest128& key, std::string_view message,
                         const base::Error& error) const {
  base::log::warn(message, {{"file", directory_.path_of(name_of(key))}, {"why", error.detail}});
}

base::Result<std::shared_ptr<const Entry>> CassetteFiles::find(const base::Digest128& key) {
  Decoded entry = load(key, Part::kAll);
  if (entry) return *std::move(entry);
  warn(key, "cassette file cannot be used", entry.error());
  return tl::unexpected(std::move(entry.error()));
}

void CassetteFiles::store(CassetteWrite& job) {
  const Entry& entry = *job.entry;
  // The one before has to have its name if it is to be compared.
  if (std::ranges::any_of(unfinished_, [&](const auto* one) { return one->home == job.home; })) {
    finish();
  }
  const Decoded present = load(entry.key, Part::kAll);
  const bool later = present && *present != nullptr && (*present)->asked_at_us > entry.asked_at_us;
  job.done = later || parts_.purges.gone(entry);
  if (job.done) return;
  const auto text = codec_.encode(entry, job.question);
  const auto written = text ? group_.add(name_of(entry.key), *text) : tl::unexpected(text.error());
  if (!written) return warn(entry.key, "cassette file not written", written.error());
  unfinished_.push_back(&job);
}

void CassetteFiles::finish() {
  const std::vector<base::Result<void>> results = group_.finish();
  for (size_t i = 0; i < results.size(); ++i) {
    CassetteWrite& job = *unfinished_[i];
    job.done = results[i].has_value();
    if (!job.done) warn(job.home, "cassette file not written", results[i].error());
  }
  unfinished_.clear();
}

bool CassetteFiles::remove(const base::Digest128& key) {
  finish();
  const base::Result<bool> removed = directory_.remove(name_of(key));
  if (!removed) warn(key, "cassette file not removed", removed.error());
  return removed.value_or(false);
}

void CassetteFiles::scan(CassetteScan& scan) {
  const int64_t end_us = parts_.clock.monotonic_us() + scan.time_ms_max * 1000;
  bool stopped = false;
  const auto listed = directory_.list([&](const std::string& name) {
    const std::optional<base::Digest128> key = key_of(name);
    if (!key) return true;
    stopped = scan.found.size() >= scan.found_max || scan.forgotten() ||
              parts_.clock.monotonic_us() > end_us;
    if (stopped) return false;
    const Decoded entry = load(*key, Part::kQuestion);
    const bool known = entry && *entry != nullptr && (*entry)->route == scan.route;
    if (!known || parts_.purges.gone(**entry)) return true;
    Entry& found = **entry;
    scan.found.push_back({found.key, std::move(found.name_space), std::move(found.model_asked),
                          found.asked_form, std::move(found.members)});
    return true;
  });
  scan.complete = listed && !stopped;
}

}  // namespace reprise::cache
