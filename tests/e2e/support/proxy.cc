#include "e2e/support/proxy.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"

namespace reprise::e2e {
namespace {

Launch complete(const std::string& upstream_url, const Launch& extra) {
  static const std::vector<std::pair<std::string, std::string>> usual = {
      {"--listen", "127.0.0.1:0"},
      {"--admin", "127.0.0.1:0"},
      {"--upstream", ""},
      {"--workers", "2"}};
  Launch launch = extra;
  launch.args.clear();
  for (const auto& [option, value] : usual) {
    const auto named = [&, name = option](const std::string& arg) {
      return arg == name || arg.rfind(name + "=", 0) == 0;
    };
    if (std::any_of(extra.args.begin(), extra.args.end(), named)) continue;
    launch.args.push_back(option);
    launch.args.push_back(value.empty() ? upstream_url : value);
  }
  launch.args.insert(launch.args.end(), extra.args.begin(), extra.args.end());
  return launch;
}

// The port of the address that a log line names, as text or as JSON. 0 when it names none.
uint16_t port_in_line(const std::string& line) {
  const size_t field = line.find("address");
  if (field == std::string::npos) return 0;
  size_t start = line.find_first_not_of("\":= ", field + 7);
  if (start == std::string::npos) return 0;
  const size_t end = std::min(line.find_first_of("\", ", start), line.size());
  start = line.rfind(':', end - 1) + 1;
  return static_cast<uint16_t>(std::atoi(line.substr(start, end - start).c_str()));
}

// The port in the first line that says `message`. 0 when there is none.
uint16_t port_in(const std::string& log, const std::string& message, bool admin) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(message) == std::string::npos) continue;
    if ((line.find("admin listening") != std::string::npos) != admin) continue;
    const uint16_t port = port_in_line(line);
    if (port != 0) return port;
  }
  return 0;
}

// Waits for whole lines: the one with the address may come in two reads.
uint16_t wait_for_port(const Process& process, const std::string& message, bool admin) {
  uint16_t port = 0;
  eventually("the log has an address for \"" + message + "\"", [&] {
    const std::string log = process.log();
    port = port_in(log.substr(0, log.rfind('\n') + 1), message, admin);
    return port != 0 || !process.running();
  });
  if (port == 0) throw HarnessError("the proxy does not start:\n" + process.log());
  return port;
}

bool has_admin(const std::vector<std::string>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--admin=off") return false;
    if (args[i] == "--admin" && i + 1 < args.size() && args[i + 1] == "off") return false;
  }
  return true;
}

}  // namespace

Proxy::Proxy(const ScriptedUpstream& upstream, const Args& extra)
    : Proxy(upstream.url(), Launch{extra, {}, 0}) {}

Proxy::Proxy(const std::string& upstream_url, const Launch& extra)
    : process_(REPRISE_BINARY, complete(upstream_url, extra)) {
  port_ = wait_for_port(process_, "listening", false);
  if (has_admin(extra.args)) admin_port_ = wait_for_port(process_, "admin listening", true);
}

Proxy::~Proxy() {
  if (!process_.waited_for() && !process_.running()) {
    ADD_FAILURE() << "the proxy died with " << process_.wait_exit() << "\n" << process_.log();
  }
  const std::string log = process_.log();
  EXPECT_EQ(log.find("Sanitizer"), std::string::npos) << log;
  if (testing::Test::HasFailure()) std::fprintf(stderr, "the proxy's log:\n%s\n", log.c_str());
}

RawClient Proxy::connect() const { return RawClient(Connection::to_port(port_)); }

RawClient Proxy::connect_admin() const { return RawClient(Connection::to_port(admin_port_)); }

Response Proxy::ask(std::string_view request, std::string_view method) const {
  RawClient client = connect();
  client.send(request);
  return client.read_response(method);
}

Response Proxy::ask_admin(std::string_view request, std::string_view method) const {
  RawClient client = connect_admin();
  client.send(request);
  return client.read_response(method);
}

int Proxy::stop() {
  process_.signal(SIGTERM);
  return process_.wait_exit();
}

double Proxy::metric(const std::string& name_and_labels) const {
  std::istringstream lines(ask_admin(get("/metrics"), "GET").body);
  std::string line;
  double sum = 0;
  while (std::getline(lines, line)) {
    if (line.rfind(name_and_labels + " ", 0) == 0 || line.rfind(name_and_labels + "{", 0) == 0) {
      sum += std::atof(line.c_str() + line.rfind(' '));
    }
  }
  return sum;
}

void Proxy::wait_for_metric(const std::string& name_and_labels, double value) const {
  double last = -1;
  eventually(name_and_labels + " reaches " + std::to_string(value), [&] {
    last = metric(name_and_labels);
    return last >= value;
  });
}

}  // namespace reprise::e2e
