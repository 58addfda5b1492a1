#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "e2e/support/checks.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {

// Cassette: a directory for --cassette, not made yet, and what a process puts there.
// Owner: the test.
class Cassette {
 public:
  std::string path() const { return directory_.path("tape"); }
  std::string file(const std::string& key) const { return path() + "/" + key + ".json"; }

  // Options of a process that uses it.
  Proxy::Args args(Proxy::Args extra = {}) const {
    extra.push_back("--cassette");
    extra.push_back(path());
    return extra;
  }

  // Asks `proxy`, which must record the answer, and waits until it is in a file.
  Response record(const Proxy& proxy, const std::string& request) const {
    const double before = stored(proxy);
    Response response = proxy.ask(request);
    expect_cache(response, "MISS");
    proxy.wait_for_metric(kStored, before + 1);
    return response;
  }
  static double stored(const Proxy& proxy) { return proxy.metric(kStored); }

  std::string text(const std::string& key) const { return read(file(key)); }
  // The same with the first `from` in it replaced.
  void edit(const std::string& key, const std::string& from, const std::string& to) const {
    std::string text = read(file(key));
    const size_t at = text.find(from);
    if (at == std::string::npos) throw HarnessError(from + " is not in\n" + text);
    std::ofstream(file(key), std::ios::binary) << text.replace(at, from.size(), to);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  // All names and all that is in the files.
  std::string everything() const {
    std::string all;
    for (const std::string& name : names()) all += name + "\n" + read(path() + "/" + name);
    return all;
  }

 private:
  static constexpr const char* kStored = R"(reprise_cassette_stores_total{result="stored"})";

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir directory_;
};

}  // namespace reprise::e2e
