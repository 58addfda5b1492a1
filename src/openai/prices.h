#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "openai/usage.h"

namespace reprise::openai {

// Price: what a model's tokens cost, in millionths of a dollar per million of them: whole numbers,
// so that sums are exact.
struct Price {
  uint64_t input = 0;
  uint64_t output = 0;
  bool operator==(const Price&) const = default;
};

// Prices: what models cost, by name or by how a name begins.
// Owner: the settings, shared between those that are current and those that were. Thread: any;
// immutable.
class Prices {
 public:
  // Ten thousand dollars per million tokens: no answer's costs overflow.
  static constexpr uint64_t kPriceMax = 10'000'000'000;

  // Rate: `model` is a name, or how names begin and `*`. Prices are at most kPriceMax.
  struct Rate {
    std::string model;
    Price price;
  };

  // No two rates are for the same `model`.
  explicit Prices(std::vector<Rate> rates);

  // Of the rates that fit, the one that names most of `model`; null if none does.
  const Price* find(std::string_view model) const;

  // What an answer cost, in billionths of a dollar; 0 if its model is unknown.
  uint64_t nano_usd(std::string_view model, const Usage& usage) const;

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Known {
    std::string name;  // without the `*`
    bool any_ending = false;
    Price price;
    size_t parent = kNone;  // the longest other beginning that `name` has
  };

  std::vector<Known> known_;  // by name; a beginning before the whole name
};

}  // namespace reprise::openai
