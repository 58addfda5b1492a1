#include "app/option_text.h"

#include <algorithm>

#include "app/option_table.h"
#include "app/option_values.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

constexpr size_t kHelpColumns = 80;
constexpr size_t kHelpIndent = 6;

// `text` in lines of at most kHelpColumns, each indented.
void append_wrapped(std::string_view text, std::string& out) {
  size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column != 0 && column + 1 + word.size() > kHelpColumns) {
      out += '\n';
      column = 0;
    }
    out.append(column == 0 ? kHelpIndent : 1, ' ');
    out += word;
    column += word.size() + (column == 0 ? kHelpIndent : 1);
  }
  out += '\n';
}

void append_option_help(const OptionSpec& spec, std::string& out) {
  out.append("  --").append(spec.name);
  if (spec.binding.kind == Kind::kOnOff) {
    out += "[=on|off]";
  } else {
    out.append(" ").append(spec.placeholder);
  }
  if (spec.repeat == Repeat::kRepeat) out += " (repeatable)";
  if (spec.repeat == Repeat::kList) out += "[,…] (repeatable)";
  out += '\n';
  std::string text(spec.help);
  text.append(" (default: ").append(spec.default_text.empty() ? "empty" : spec.default_text);
  text += ')';
  if (spec.built == Built::kDefaultOnly) text += " [not available in this build]";
  append_wrapped(text, out);
}

std::string toml_value(Kind kind, const std::string& text) {
  if (kind == Kind::kOnOff) return text == "on" ? "true" : "false";
  if (kind == Kind::kCount) return text;
  std::string quoted;
  base::append_json_string(text, quoted);
  return quoted;
}

std::string toml_values(const OptionSpec& spec, const std::vector<std::string>& texts) {
  const Kind kind = spec.binding.kind;
  if (spec.repeat == Repeat::kOnce) return toml_value(kind, texts.empty() ? "" : texts.front());
  if (texts.size() == 1 && spec.none != nullptr && texts.front() == spec.none) {
    return toml_value(kind, texts.front());
  }
  std::string array = "[";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ", ";
    array += toml_value(kind, text);
  }
  return array + "]";
}

// A duration that is the default's is spelled like it: 600s, not 10m.
std::vector<std::string> spelled(const OptionSpec& spec, const Options& options) {
  auto texts = spec.values(options);
  const bool is_default = texts == spec.values(default_options());
  if (spec.binding.kind != Kind::kDuration || !is_default) return texts;
  return {std::string(spec.default_text)};
}

void append_option_toml(const OptionSpec& spec, const Options& options, std::string& out) {
  const auto origin = options.origins.find(spec.name);
  const auto texts = spec.binding.write(options);
  const std::string shown = texts.empty() ? "" : spec.shown(texts.front());
  if (!texts.empty() && shown != texts.front()) {
    out.append("# ").append(spec.name).append(" = ").append(toml_value(spec.binding.kind, shown));
    out += "  # not shown: a secret\n";
    return;
  }
  out.append(spec.name).append(" = ").append(toml_values(spec, spelled(spec, options)));
  if (origin != options.origins.end()) out.append("  # from ").append(origin->second);
  out += '\n';
}

}  // namespace

std::string help_text() {
  std::string out =
      "Usage: reprise [options]\n\n"
      "A caching reverse proxy for OpenAI-compatible endpoints. Every option is also an\n"
      "environment variable (--max-body: REPRISE_MAX_BODY) and a key of the file that\n"
      "--config names (max-body = \"64MiB\"). A flag beats the environment, which beats\n"
      "the file. In the environment several values are separated by commas; in the file\n"
      "they are an array.\n\n"
      "DURATION: an integer and ms, s, m, h or d. SIZE: an integer and B, KiB, MiB, GiB,\n"
      "TiB, KB, MB, GB or TB; bytes if alone.\n\n"
      "  --config FILE\n      read options from this TOML file\n"
      "  --check\n      validate the configuration, print it resolved, and exit with 0 or 2\n"
      "  --version\n      print the version, and those of the libraries\n"
      "  --help\n      print this\n";
  for (const OptionGroup& group : option_groups()) {
    out.append("\n").append(group.heading).append("\n");
    for (const OptionSpec& spec : group.options) append_option_help(spec, out);
  }
  return out;
}

std::string check_text(const Options& options) {
  std::string out;
  for (const OptionGroup& group : option_groups()) {
    if (!out.empty()) out += '\n';
    out.append("# ").append(group.heading).append("\n");
    for (const OptionSpec& spec : group.options) append_option_toml(spec, options, out);
  }
  return out;
}

}  // namespace reprise::app
