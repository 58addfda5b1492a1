#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// Kind: how a value is written in a configuration file.
enum class Kind : uint8_t {
  kText,
  kSecret,
  kSecretUrl,  // secret is only its user information
  kOnOff,
  kCount,
  kSize,
  kDuration,
};

// Repeat: whether an option takes several values. All such are separated by commas in the
// environment and are arrays in a file.
enum class Repeat : uint8_t {
  kOnce,
  kRepeat,  // the flag is given several times
  kList,    // or once, with commas
};

// Built: how much of an option this build has.
enum class Built : uint8_t {
  kAll,
  kDefaultOnly,
};

// Reload: whether a running process can take a new value.
enum class Reload : uint8_t { kLive, kRestart };

// Binding: the way between an option's text and its field.
struct Binding {
  Kind kind;
  // Empties the field: none of it. What `none` stands for, and what repeated values begin with.
  void (*clear)(Options& options);
  // Sets the field, or adds to it. The error says what was expected.
  base::Result<void> (*read)(std::string_view text, Options& options);
  // What `read` reads back; nothing for an empty field.
  std::vector<std::string> (*write)(const Options& options);
};

// OptionSpec: all that is known about an option: flags, environment, file, help and checks follow
// it.
struct OptionSpec {
  std::string_view name;  // without dashes
  std::string_view placeholder;
  std::string_view default_text;
  const char* none;  // the word for an empty field; null if it cannot be empty
  Repeat repeat;
  Built built;
  Reload reload;
  Binding binding;
  std::string_view help;

  // The values in `options`, or the word for none.
  std::vector<std::string> values(const Options& options) const;
  // `value` as it may be shown: without what is secret.
  std::string shown(std::string_view value) const;
};

// OptionGroup: options that belong together, under a heading.
struct OptionGroup {
  std::string_view heading;
  std::span<const OptionSpec> options;
};

std::span<const OptionGroup> option_groups();

// Null if there is none.
const OptionSpec* find_option(std::string_view name);
// The option whose name is nearest to `name`; null if none is near.
const OptionSpec* nearest_option(std::string_view name);
// "REPRISE_MAX_BODY" for max-body.
std::string environment_name(std::string_view option);

// Calls visit(spec) for every option.
template <typename Visit>
void for_each_option(Visit visit) {
  for (const OptionGroup& group : option_groups()) {
    for (const OptionSpec& spec : group.options) visit(spec);
  }
}

}  // namespace reprise::app
