#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/log_line.h"

namespace reprise::base::log {
namespace {

constexpr int64_t kNoonUs = 1772368496789'000;  // 2026-03-01T12:34:56.789Z

std::string event(Format format, std::string_view message, Fields fields) {
  std::string line;
  write_event({kNoonUs, format}, {Level::kWarn, message, fields}, line);
  return line;
}

AccessRecord record() {
  AccessRecord r;
  r.client = "127.0.0.1:5000";
  r.method = "POST";
  r.route = "chat/completions";
  r.path = "/v1/chat/completions?api-key=secret";
  r.status = 200;
  r.cache = "HIT";
  r.key = "00112233445566778899aabbccddeeff";
  r.model = "gpt \"x\"\n";
  r.bytes = 1234;
  r.ttfb_ms = 0.25;
  r.duration_ms = 1500;
  return r;
}

// Pipe: a log's descriptor and whoever reads it. Owner: the test. Thread: any.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(fds_, O_CLOEXEC), 0); }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int write_end() const { return fds_[1]; }
  void close_read() { close_one(fds_[0]); }
  void close_write() { close_one(fds_[1]); }
  // Everything until no writer is left.
  std::vector<std::string> read_lines() {
    std::string all;
    char buffer[65536];
    ssize_t size = 0;
    while ((size = ::read(fds_[0], buffer, sizeof buffer)) > 0) {
      all.append(buffer, static_cast<size_t>(size));
    }
    std::vector<std::string> lines;
    for (size_t at = 0; at < all.size();) {
      const size_t end = all.find('\n', at);
      EXPECT_NE(end, std::string::npos) << "a torn line: " << all.substr(at);
      lines.push_back(all.substr(at, end - at));
      if (end == std::string::npos) break;
      at = end + 1;
    }
    return lines;
  }

 private:
  static void close_one(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int fds_[2] = {-1, -1};
};

TEST(LogLine, TextIsTimeLevelMessageAndFields) {
  EXPECT_EQ(event(Format::kText, "listening", {{"address", "127.0.0.1:7070"}, {"workers", 2}}),
            "2026-03-01T12:34:56.789Z warn  listening address=127.0.0.1:7070 workers=2");
}

TEST(LogLine, TextFieldsCannotForgeALineOrAField) {
  const std::string line =
      event(Format::kText, "bad", {{"name", "x\n2026 error fake=1"}, {"esc", "\x1b[31m"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find(R"(name="x\n2026 error fake=1" esc="\x1b[31m")"), std::string::npos) << line;
}

TEST(LogLine, JsonIsOneValidObject) {
  std::string everything;
  for (int byte = 0; byte < 256; ++byte) everything += static_cast<char>(byte);
  const std::string line = event(Format::kJson, "say \"hi\"\r\n",
                                 {{"all", everything},
                                  {"n", int64_t{-5}},
                                  {"u", UINT64_MAX},
                                  {"r", 0.5},
                                  {"nan", std::nan("")},
                                  {"yes", true}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  simdjson::dom::parser parser;
  simdjson::dom::element object;
  ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
  EXPECT_EQ(std::string_view(object["ts"]), "2026-03-01T12:34:56.789Z");
  EXPECT_EQ(std::string_view(object["level"]), "warn");
  EXPECT_EQ(std::string_view(object["msg"]), "say \"hi\"\r\n");
  EXPECT_EQ(std::string_view(object["all"]).substr(0, 128), everything.substr(0, 128));
  EXPECT_EQ(int64_t(object["n"]), -5);
  EXPECT_EQ(uint64_t(object["u"]), UINT64_MAX);
  EXPECT_EQ(double(object["r"]), 0.5);
  EXPECT_TRUE(object["nan"].is_null());
  EXPECT_TRUE(bool(object["yes"]));
}

TEST(LogLine, LongValuesAreCutBetweenCharacters) {
  std::string text(kValueBytesMax - 1, 'a');
  text += "€€€";
  const std::string line = event(Format::kText, "m", {{"v", text}});
  EXPECT_NE(line.find("a…\""), std::string::npos);
  EXPECT_EQ(line.find("\\x"), std::string::npos);
}

TEST(LogLine, AccessTextHasEveryFieldAndNoQuery) {
  std::string line;
  write_access_record({kNoonUs, Format::kText}, record(), line);
  EXPECT_EQ(line,
            "2026-03-01T12:34:56.789Z client=127.0.0.1:5000 method=POST route=chat/completions "
            "path=/v1/chat/completions status=200 cache=HIT reason=\"\" "
            "key=00112233445566778899aabbccddeeff model=\"gpt \\\"x\\\"\\n\" bytes=1234 "
            "ttfb_ms=0.250 duration_ms=1500.000");
}

TEST(LogLine, AccessJsonHasEveryFieldAndNoQuery) {
  std::string line;
  write_access_record({kNoonUs, Format::kJson}, record(), line);
  EXPECT_EQ(line.find("secret"), std::string::npos);
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
  std::string keys;
  for (const auto& member : object) keys.append(member.key).append(" ");
  EXPECT_EQ(keys,
            "ts client method route path status cache reason key model bytes ttfb_ms duration_ms ");
  EXPECT_EQ(std::string_view(object["path"]), "/v1/chat/completions");
  EXPECT_EQ(std::string_view(object["model"]), "gpt \"x\"\n");
  EXPECT_EQ(int64_t(object["status"]), 200);
  EXPECT_EQ(double(object["ttfb_ms"]), 0.25);
}

TEST(Log, WritesEveryLineBeforeItDies) {
  Pipe errors;
  Pipe access;
  std::vector<std::string> lines;
  std::vector<std::string> access_lines;
  std::thread reader([&lines, &errors] { lines = errors.read_lines(); });
  std::thread access_reader([&] { access_lines = access.read_lines(); });
  {
    Settings settings;
    settings.format = Format::kJson;
    settings.access = Access::kOn;
    settings.error_fd = errors.write_end();
    settings.access_fd = access.write_end();
    const Log log(settings);
    for (int i = 0; i < 1000; ++i) info("line", {{"i", i}});
    for (int i = 0; i < 1000; ++i) log::access(record());
    EXPECT_EQ(lines_lost(), 0u);
  }
  errors.close_write();
  access.close_write();
  reader.join();
  access_reader.join();
  ASSERT_EQ(lines.size(), 1000u);
  EXPECT_NE(lines.back().find("\"i\":999}"), std::string::npos);
  EXPECT_EQ(access_lines.size(), 1000u);
}

TEST(Log, LevelsBelowTheThresholdAreNotWritten) {
  Pipe errors;
  {
    Settings settings;
    settings.error_fd = errors.write_end();
    settings.level = Level::kWarn;
    const Log log(settings);
    EXPECT_FALSE(enabled(Level::kInfo));
    EXPECT_FALSE(access_enabled());
    debug("one");
    info("two");
    warn("three");
    error("four");
    set_level(Level::kDebug);
    debug("five");
    log::access(record());
  }
  set_level(Level::kInfo);
  errors.close_write();
  const auto lines = errors.read_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[0].find("warn  three"), std::string::npos);
  EXPECT_NE(lines[1].find("error four"), std::string::npos);
  EXPECT_NE(lines[2].find("debug five"), std::string::npos);
}

// Would hang here if anything waited for the reader that never reads.
TEST(Log, AReaderThatDoesNotReadCostsLinesNotTime) {
  Pipe errors;
  Pipe access;
  Settings settings;
  settings.access = Access::kOn;
  settings.error_fd = errors.write_end();
  settings.access_fd = access.write_end();
  settings.drain_ms = 0;
  {
    const Log log(settings);
    for (size_t i = 0; i < 3 * kQueueLinesMax; ++i) log::access(record());
    EXPECT_GT(lines_lost(), 0u);
    info("the other log still moves");
  }
  errors.close_write();
  const auto lines = errors.read_lines();
  ASSERT_FALSE(lines.empty());
  EXPECT_NE(lines.front().find("still moves"), std::string::npos);
}

TEST(Log, AReaderThatHasGoneIsNoTrouble) {
  Pipe errors;
  errors.close_read();
  ::signal(SIGPIPE, SIG_IGN);
  Settings settings;
  settings.error_fd = errors.write_end();
  const Log log(settings);
  for (int i = 0; i < 100; ++i) info("nobody listens");
}

}  // namespace
}  // namespace reprise::base::log
