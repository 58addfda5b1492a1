#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::openai {

// RandomAnswer: a seeded whole answer of chat/completions or completions, in the order of members
// that assembling gives, and any number of streams that amount to it: texts cut between any two
// characters, choices and members in any order, nulls and repeats between them.
class RandomAnswer {
 public:
  enum class Kind { kChat, kCompletions };

  RandomAnswer(Kind kind, uint32_t seed) : kind_(kind), random_(seed) {
    for (size_t i = 0, count = 1 + pick(3); i < count; ++i) add_choice(i);
    usage_ = "{\"n\":" + value(1) + "}";
    sources_.push_back({R"("usage":{"n":0})", "\"usage\":" + usage_, R"("usage":null)"});
    top_ = others("", "");
  }

  std::string json(bool with_usage = true) const {
    std::string choices;
    for (const std::string& choice : choices_) join(choices, choice);
    const std::string usage = with_usage ? ",\"usage\":" + usage_ : "";
    return R"({"id":"c","object":")" + object("") + R"(","created":9,"model":"m","choices":[)" +
           choices + "]" + usage + top_ + "}";
  }

  std::string stream() {
    std::vector<Source> sources = sources_;
    const std::string end = choose({"\n", "\r", "\r\n"});
    std::string text = chance(2) ? ": hello" + end + end : "";
    for (size_t at = 0; !sources.empty(); ++at) {
      Source& source = sources[pick(sources.size())];
      text += "data: {" + head(at) + source.front() + "}" + end + end;
      if (chance(8)) text += ": ping" + end + end;
      source.erase(source.begin());
      std::erase_if(sources, [](const Source& one) { return one.empty(); });
    }
    return text + "data: [DONE]" + end + end;
  }

  size_t pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }

 private:
  using Source = std::vector<std::string>;  // members of chunks, in the order in which they come
  using Units = std::vector<std::string>;   // characters as they may be written in JSON

  bool chance(size_t of) { return pick(of) == 0; }
  std::string choose(const std::vector<std::string>& from) { return from[pick(from.size())]; }
  std::string object(const std::string& chunk) const {
    return kind_ == Kind::kChat ? "chat.completion" + chunk : "text_completion";
  }
  static void join(std::string& list, const std::string& part) {
    if (!list.empty() && !part.empty()) list += ",";
    list += part;
  }

  // What all chunks repeat: the second is the first to say it.
  std::string head(size_t at) {
    const std::string object_member = R"("object":")" + object(".chunk") + R"(",)";
    if (at == 0) return R"("id":"","created":0,"model":"","object":"",)";
    if (at == 1) return R"("id":"c","created":9,"model":"m",)" + object_member;
    return choose(
        {"", R"("created":)" + std::to_string(at) + ",", R"("obfuscation":"xyz",)", object_member});
  }

  static std::string quoted(const Units& units) {
    std::string text = "\"";
    for (const std::string& unit : units) text += unit;
    return text + "\"";
  }

  Units units(size_t max) {
    Units all(1 + pick(max));
    for (std::string& unit : all) {
      unit = choose({"a", "word", " ", " ", "\\n", "\\\"", "\\\\", "é", "€", "😀", "\\u0001", "{",
                     "data:", "\xE2\x80\xA8"});
    }
    return all;
  }

  // Calls `say` with the pieces of a text, as JSON strings.
  template <typename Say>
  void cut(const Units& all, Say say) {
    for (auto from = all.begin(); from != all.end();) {
      const auto left = static_cast<size_t>(all.end() - from);
      const auto to = from + static_cast<std::ptrdiff_t>(std::min(1 + pick(5), left));
      say(quoted(Units(from, to)));
      from = to;
    }
  }

  std::string value(size_t depth) {
    switch (pick(depth > 2 ? 4 : 6)) {
      case 0:
        return choose({"0", "-1.50", "1e400", "12345678901234567890", "0.1e-2"});
      case 1:
        return quoted(units(3));
      case 2:
        return choose({"true", "false"});
      case 3:
        return "null";
      case 4:
        return "[" + value(depth + 1) + "," + value(depth + 1) + "]";
      default:
        return R"({"z":)" + value(depth + 1) + R"(,"a":)" + value(depth + 1) + "}";
    }
  }

  // Members that nobody knows, each behind a comma. One may come again as null.
  std::string others(const std::string& before, const std::string& after) {
    std::string all;
    Source source;
    for (size_t i = 0, count = pick(4); i < count; ++i) {
      const std::string name = "\"x" + std::to_string(i) + "\":";
      const std::string raw = value(0);
      all += "," + name + raw;
      source.push_back(before + name + raw + after);
      if (chance(4)) source.push_back(before + name + "null" + after);
    }
    if (!source.empty()) sources_.push_back(source);
    return all;
  }

  // A text member, said in pieces between `before` and `after`, or null, or empty.
  std::string text(const std::string& name, const std::string& before, const std::string& after) {
    const std::string member = "\"" + name + "\":";
    Source source = {before + member + choose({"null", "\"\""}) + after};
    std::string raw = source.front().find("null") == std::string::npos ? "\"\"" : "null";
    if (chance(4)) {
      sources_.push_back(source);
      return raw;
    }
    const Units all = units(30);
    cut(all, [&](const std::string& piece) { source.push_back(before + member + piece + after); });
    if (chance(3)) source.push_back(before + member + "null" + after);
    sources_.push_back(source);
    return quoted(all);
  }

  void add_choice(size_t index) {
    const std::string number = std::to_string(index);
    const std::string before = R"("choices":[{"index":)" + number + ",";
    const std::string after = "}]";
    std::string all;
    if (kind_ == Kind::kChat) {
      all =
          R"({"index":)" + number + ",\"message\":" + message(before + R"("delta":{)", "}" + after);
    } else {
      const std::string raw = text("text", before, after);
      all = "{\"text\":" + (raw == "null" ? "\"\"" : raw) + ",\"index\":" + number;
    }
    const std::string reason = "\"finish_reason\":" + choose({"\"stop\"", "\"length\""});
    sources_.push_back({before + reason + after, before + "\"finish_reason\":null" + after});
    all += ",\"logprobs\":" + logprobs(before, after) + "," + reason;
    choices_.push_back(all + others(before, after) + "}");
  }

  std::string logprobs(const std::string& before, const std::string& after) {
    if (chance(2)) return "null";
    Source source = {before + "\"logprobs\":null" + after,
                     before + R"("logprobs":{"content":[],"refusal":null})" + after};
    std::string all;
    for (size_t i = 0, count = pick(4); i < count; ++i) {
      const std::string some = value(1) + "," + value(1);
      join(all, some);
      source.push_back(before + R"("logprobs":{"content":[)" + some + "]}" + after);
    }
    sources_.push_back(source);
    return R"({"content":[)" + all + R"(],"refusal":null})";
  }

  std::string message(const std::string& before, const std::string& after) {
    sources_.push_back({before + R"("role":"bot")" + after, before + R"("role":"bot")" + after});
    const bool calls = chance(2);
    std::string content = text("content", before, after);
    if (calls && content == "\"\"") content = "null";
    std::string all = R"({"role":"bot","content":)" + content;
    all += ",\"refusal\":" + text("refusal", before, after);
    for (const char* name : {"reasoning_content", "reasoning", "thinking", "tool_plan"}) {
      if (chance(4)) all += ",\"" + std::string(name) + "\":" + text(name, before, after);
    }
    if (chance(4)) {
      const std::string element = R"({"type":"t","index":0,"text":)";
      all += R"(,"reasoning_details":[)" + element +
             text("text", before + R"("reasoning_details":[{"type":"t","index":0,)", "}]" + after) +
             "}]";
    }
    if (chance(4)) {
      const std::string raw =
          text("arguments", before + R"("function_call":{"name":"f",)", "}" + after);
      all += R"(,"function_call":{"name":"f","arguments":)" + (raw == "null" ? "\"\"" : raw) + "}";
      if (content == "\"\"") all.replace(all.find("\"content\":\"\""), 12, "\"content\":null");
    }
    if (calls) all += ",\"tool_calls\":" + tools(before, after);
    return all + others(before, after) + "}";
  }

  std::string tools(const std::string& before, const std::string& after) {
    std::string all;
    for (size_t i = 0, count = 1 + pick(3); i < count; ++i) {
      const bool function = chance(2);
      const std::string type = function ? "function" : "custom";
      const std::string name = function ? "arguments" : "input";
      const std::string call = "\"id\":\"t" + std::to_string(i) + "\",\"type\":\"" + type +
                               "\",\"" + type + R"(":{"name":"f",)";
      const std::string raw =
          text(name, before + R"("tool_calls":[{"index":)" + std::to_string(i * 3) + "," + call,
               "}}]" + after);
      join(all, "{" + call + "\"" + name + "\":" + (raw == "null" ? "\"\"" : raw) + "}}");
    }
    return "[" + all + "]";
  }

  const Kind kind_;
  std::mt19937 random_;
  std::vector<std::string> choices_;
  std::vector<Source> sources_;
  std::string usage_;
  std::string top_;
};

}  // namespace reprise::openai
