#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "openai/delta_values.h"

namespace reprise::openai {

// CallAssembly: what is called and with what: `function`, `custom` or `function_call`.
class CallAssembly {
 public:
  // `text_name`: the member whose pieces are joined, "arguments" or "input".
  explicit CallAssembly(std::string_view text_name) : text_name_(text_name) {}

  // Refuses a second name.
  Refused add(RawCursor& call, PartsLeft& parts);
  bool present() const { return present_; }
  void write(RawWriter& out) const;

 private:
  std::string_view text_name_;
  bool present_ = false;
  SettledText name_;
  JoinedText text_;
  GrownMembers others_;
};

// ToolAssembly: one tool call of a message.
class ToolAssembly {
 public:
  Refused add(RawCursor& element, PartsLeft& parts);
  const SettledText& id() const { return id_; }
  void write(RawWriter& out) const;

 private:
  Refused add_member(std::string_view name, RawCursor& value, PartsLeft& parts);

  SettledText id_;
  SettledText type_;
  CallAssembly function_{"arguments"};
  CallAssembly custom_{"input"};
  GrownMembers others_;
};

// ToolsAssembly: the tool calls of a message, by their index.
class ToolsAssembly {
 public:
  static constexpr size_t kCallsMax = 1024;

  ToolsAssembly() = default;
  ToolsAssembly(const ToolsAssembly&) = delete;
  ToolsAssembly& operator=(const ToolsAssembly&) = delete;

  // Refuses what could belong to either of two calls.
  Refused add(RawCursor& calls, PartsLeft& parts);
  bool present() const { return kind_ != JsonKind::kAbsent; }
  bool empty() const { return calls_.empty(); }
  void write(RawWriter& out) const;

 private:
  using Calls = std::map<uint32_t, ToolAssembly>;

  Refused add_element(RawCursor& element, PartsLeft& parts);
  Refused place(std::string_view element, PartsLeft& parts);
  Refused place_without_index(std::string_view element, PartsLeft& parts);
  Refused open(uint32_t index, PartsLeft& parts);

  JsonKind kind_ = JsonKind::kAbsent;
  Calls calls_;
  Calls::iterator latest_ = calls_.end();
};

}  // namespace reprise::openai
