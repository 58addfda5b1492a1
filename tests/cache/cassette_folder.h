#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cache/cassette_scene.h"
#include "cache/cassette_tier.h"
#include "fakes/manual_clock.h"

namespace reprise::cache {

// Folder: a directory that goes with the test.
class Folder {
 public:
  Folder() {
    std::string path = testing::TempDir() + "cassette-XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return path_ + "/" + std::string(name); }
  std::string file_of(const Entry& entry) const { return path_of(entry.key.hex() + ".json"); }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      names.insert(file.path().filename());
    }
    return names;
  }

 private:
  std::string path_;
};

inline std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// CassetteProcess: what one process has of a cassette. The questions of entries.h were asked a
// second after 1970, so that is when it lives.
struct CassetteProcess {
  static constexpr int64_t kPatienceMs = 25'000;

  explicit CassetteProcess(const std::string& directory)
      : tier(*CassetteTier::open({directory, size_t{16} << 20}, {clock, purges, memory, models})) {}

  bool store(std::shared_ptr<const Entry> entry, std::string question = {}) {
    const auto job = std::make_shared<CassetteWrite>(CassetteWrite::Op::kStore, nullptr);
    job->home = entry->key;
    job->entry = std::move(entry);
    job->question = std::move(question);
    tier->submit(job);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->done;
  }
  std::shared_ptr<CassetteRead> ask(const std::shared_ptr<const Entry>& entry) {
    const auto job = std::make_shared<CassetteRead>(nullptr);
    job->home = entry->key;
    job->promote = entry->proof;
    tier->submit(job);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job;
  }
  std::string found(const std::shared_ptr<const Entry>& entry) {
    return body_of(ask(entry)->entry);
  }

  fakes::ManualClock clock{10'000'000};
  PurgeRecord purges{clock};
  // Not in here, for it is aligned as no stack of a sanitizer is.
  const std::unique_ptr<MemoryTier> own_memory = std::make_unique<MemoryTier>(size_t{64} << 20);
  MemoryTier& memory = *own_memory;
  base::ModelTable models;
  std::unique_ptr<CassetteTier> tier;
};

}  // namespace reprise::cache
