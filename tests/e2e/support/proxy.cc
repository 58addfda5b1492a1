#include "e2e/support/proxy.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
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

// The port of the first line that says `message` and names an address. 0 when there is none.
uint16_t port_in(const std::string& log, const std::string& message, bool admin) {
  static const std::regex address(R"re(address"?[=:]\s*"?[^\s",]*:(\d+))re");
  std::istringstream lines(log);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.find(message) == std::string::npos) continue;
    if ((line.find("admin listening") != std::string::npos) != admin) continue;
    std::smatch match;
    if (!std::regex_search(line, match, address)) continue;
    return static_cast<uint16_t>(std::atoi(match[1].str().c_str()));
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
