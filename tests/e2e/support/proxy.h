#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "e2e/support/process.h"
#include "e2e/support/raw_client.h"
#include "e2e/support/scripted_upstream.h"

namespace reprise::e2e {

// Proxy: a running reprise, on ports of its own choice.
// Owner: the test. Thread: any.
class Proxy {
 public:
  using Args = std::vector<std::string>;

  // In front of `upstream`, which may die first. Options in `extra` come behind the usual ones;
  // the usual one is left out for --listen, --admin, --upstream, --workers.
  explicit Proxy(const ScriptedUpstream& upstream, const Args& extra = {});
  Proxy(const std::string& upstream_url, const Launch& extra);
  // A proxy that has died by then fails the test.
  ~Proxy();

  uint16_t port() const { return port_; }
  uint16_t admin_port() const { return admin_port_; }
  Process& process() { return process_; }

  RawClient connect() const;
  RawClient connect_admin() const;

  // One request on a connection of its own, and the whole answer.
  Response ask(std::string_view request, std::string_view method = "POST") const;
  Response ask_admin(std::string_view request, std::string_view method = "POST") const;

  // SIGTERM, and the exit status.
  int stop();

  // The value of a metric with exactly these labels; without labels the sum over all. 0 when there
  // is none.
  double metric(const std::string& name_and_labels) const;
  // Asks for the metrics until this one has reached `value`.
  void wait_for_metric(const std::string& name_and_labels, double value) const;

 private:
  Process process_;
  uint16_t port_ = 0;
  uint16_t admin_port_ = 0;
};

}  // namespace reprise::e2e
