#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::base {

// ModelId: a small number that stands for a model's name in the counters.
using ModelId = uint8_t;

// ModelTable: the first 200 models that were named; every later one is "other", because names come
// from outside and each becomes a time series. A known name is found without lock or allocation.
// Owner: Metrics. Thread: any.
class ModelTable {
 public:
  static constexpr size_t kModelsMax = 200;
  static constexpr size_t kNameBytesMax = 128;
  static constexpr ModelId kOther = kModelsMax;
  static constexpr size_t kIds = kModelsMax + 1;

  ModelTable() = default;
  ModelTable(const ModelTable&) = delete;
  ModelTable& operator=(const ModelTable&) = delete;

  // Bytes outside 0x21..0x7E count as '?', those past the longest name are dropped: labels stay
  // printable whatever an upstream sends. An empty name is kOther.
  ModelId intern(std::string_view model);

  // The names by id, without kOther.
  std::vector<std::string> names() const;

 private:
  struct Model {
    std::string name;
    ModelId id = kOther;
  };
  // More than twice the models, so that probing always meets a free slot soon.
  static constexpr size_t kSlots = 512;
  static_assert(kSlots >= 2 * kModelsMax && (kSlots & (kSlots - 1)) == 0);
  static_assert(kOther <= UINT8_MAX);

  ModelId add(std::string_view name, size_t first_slot);

  std::array<std::atomic<const Model*>, kSlots> slots_{};  // once set, a slot stays
  std::atomic<size_t> count_{0};                           // published models
  std::mutex mutex_;                                       // guards adding
  std::array<Model, kModelsMax> models_;                   // immutable below count_
};

}  // namespace reprise::base
