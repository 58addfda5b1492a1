#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/option_table.h"
#include "app/option_values.h"
#include "base/duration.h"
#include "base/size.h"

namespace reprise::app::binding {

// Makers of Bindings, for option_table.cc. A field is named by its pointer to member.

using Texts = std::vector<std::string>;

inline tl::unexpected<base::Error> expected(const std::string& what) {
  return base::fail(base::ErrorKind::kRefuse, "expected " + what);
}

template <auto kField>
void clear(Options& options) {
  options.*kField = {};
}

// What `parse` returns, assigned or, to a list, added.
template <auto kField, auto kParse>
base::Result<void> read(std::string_view text, Options& options) {
  auto value = kParse(text);
  if (!value) return tl::unexpected(std::move(value.error()));
  if constexpr (requires { (options.*kField).push_back(*value); } &&
                !std::same_as<std::remove_cvref_t<decltype(options.*kField)>, std::string>) {
    (options.*kField).push_back(*std::move(value));
  } else {
    options.*kField = *std::move(value);
  }
  return {};
}

// Several of anything that has a text().
template <auto kField>
Texts write_addresses(const Options& options) {
  Texts texts;
  for (const auto& address : options.*kField) texts.push_back(address.text());
  return texts;
}
template <auto kField, auto kParse>
constexpr Binding addresses() {
  return {Kind::kText, clear<kField>, read<kField, kParse>, write_addresses<kField>};
}

template <auto kField>
Texts write_duration(const Options& options) {
  return {base::format_duration(options.*kField)};
}
template <int64_t kLowestMs>
base::Result<int64_t> parse_duration(std::string_view text) {
  auto ms = base::parse_duration_ms(text);
  if (ms && *ms < kLowestMs) return expected("at least " + base::format_duration(kLowestMs));
  return ms;
}
template <auto kField, int64_t kLowestMs>
constexpr Binding duration() {
  return {Kind::kDuration, clear<kField>, read<kField, parse_duration<kLowestMs>>,
          write_duration<kField>};
}

template <auto kField>
Texts write_optional_duration(const Options& options) {
  return options.*kField == 0 ? Texts{} : write_duration<kField>(options);
}
template <auto kField, int64_t kLowestMs>
constexpr Binding optional_duration() {
  return {Kind::kDuration, clear<kField>, read<kField, parse_duration<kLowestMs>>,
          write_optional_duration<kField>};
}

template <uint64_t kLowest, uint64_t kHighest>
base::Result<uint64_t> parse_size(std::string_view text) {
  auto bytes = base::parse_size_bytes(text);
  if (bytes && (*bytes < kLowest || *bytes > kHighest)) {
    return expected(base::format_size(kLowest) + " to " + base::format_size(kHighest));
  }
  return bytes;
}
template <auto kField>
Texts write_size(const Options& options) {
  return {base::format_size(options.*kField)};
}
template <auto kField, uint64_t kLowest = 0, uint64_t kHighest = base::kSizeMaxBytes>
constexpr Binding size() {
  return {Kind::kSize, clear<kField>, read<kField, parse_size<kLowest, kHighest>>,
          write_size<kField>};
}

template <auto kField, auto kParse>
constexpr Binding count() {
  return {Kind::kCount, clear<kField>, read<kField, kParse>,
          [](const Options& options) { return Texts{std::to_string(options.*kField)}; }};
}

inline base::Result<bool> parse_on_off(std::string_view text) {
  // The longer words are what containers' environments tend to say.
  if (text == "on" || text == "true") return true;
  if (text == "off" || text == "false") return false;
  return expected("on or off");
}
template <auto kField>
constexpr Binding on_off() {
  return {Kind::kOnOff, clear<kField>, read<kField, parse_on_off>,
          [](const Options& options) { return Texts{options.*kField ? "on" : "off"}; }};
}

// One of kNames, which are in the order of the enumerators.
template <typename Enum, const auto& kNames>
base::Result<Enum> parse_choice(std::string_view text) {
  std::string all;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<Enum>(i);
    if (i != 0) all += i + 1 == kNames.size() ? " or " : ", ";
    all += kNames[i];
  }
  return expected(all);
}
template <auto kField, const auto& kNames>
constexpr Binding choice() {
  using Enum = std::remove_cvref_t<decltype(std::declval<Options>().*kField)>;
  return {Kind::kText, clear<kField>, read<kField, parse_choice<Enum, kNames>>,
          [](const Options& options) {
            return Texts{std::string(kNames[static_cast<size_t>(options.*kField)])};
          }};
}
template <auto kField, const auto& kNames>
constexpr Binding choices() {
  using List = std::remove_cvref_t<decltype(std::declval<Options>().*kField)>;
  return {Kind::kText, clear<kField>, read<kField, parse_choice<typename List::value_type, kNames>>,
          [](const Options& options) {
            Texts texts;
            for (auto chosen : options.*kField) {
              texts.emplace_back(kNames[static_cast<size_t>(chosen)]);
            }
            return texts;
          }};
}

inline base::Result<std::string> parse_path(std::string_view text) {
  if (text.empty()) return expected("a path");
  return std::string(text);
}
template <auto kField>
Texts write_text(const Options& options) {
  return (options.*kField).empty() ? Texts{} : Texts{options.*kField};
}
template <auto kField, auto kParse = parse_path>
constexpr Binding text(Kind kind = Kind::kText) {
  return {kind, clear<kField>, read<kField, kParse>, write_text<kField>};
}

}  // namespace reprise::app::binding
