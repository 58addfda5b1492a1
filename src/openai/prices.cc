#include "openai/prices.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/metrics.h"

namespace reprise::openai {

namespace {

static_assert(Prices::kPriceMax <= (UINT64_MAX - 500) / base::kTokensPerAnswerMax);

uint64_t nano_usd_of(uint64_t tokens, uint64_t price) {
  return (std::min(tokens, base::kTokensPerAnswerMax) * price + 500) / 1000;
}

}  // namespace

Prices::Prices(std::vector<Rate> rates) {
  known_.reserve(rates.size());
  for (Rate& rate : rates) {
    CHECK(rate.price.input <= kPriceMax && rate.price.output <= kPriceMax);
    Known known{std::move(rate.model), false, rate.price, kNone};
    if (known.name.ends_with('*')) {
      known.any_ending = true;
      known.name.pop_back();
    }
    known_.push_back(std::move(known));
  }
  std::sort(known_.begin(), known_.end(), [](const Known& a, const Known& b) {
    return a.name != b.name ? a.name < b.name : a.any_ending && !b.any_ending;
  });
  // What lies between a beginning and a name that has it has it too, so looking back far enough
  // finds it.
  for (size_t i = 1; i < known_.size(); ++i) {
    size_t parent = i - 1;
    while (parent != kNone &&
           !(known_[parent].any_ending && known_[i].name.starts_with(known_[parent].name))) {
      parent = known_[parent].parent;
    }
    known_[i].parent = parent;
  }
}

const Price* Prices::find(std::string_view model) const {
  const auto behind =
      std::upper_bound(known_.begin(), known_.end(), model,
                       [](std::string_view name, const Known& known) { return name < known.name; });
  if (behind == known_.begin()) return nullptr;
  size_t at = static_cast<size_t>(behind - known_.begin()) - 1;
  for (; at != kNone; at = known_[at].parent) {
    const Known& known = known_[at];
    if (known.any_ending ? model.starts_with(known.name) : model == known.name) {
      return &known.price;
    }
  }
  return nullptr;
}

uint64_t Prices::nano_usd(std::string_view model, const Usage& usage) const {
  const Price* price = find(model);
  if (price == nullptr) return 0;
  return nano_usd_of(usage.prompt, price->input) + nano_usd_of(usage.completion, price->output);
}

}  // namespace reprise::openai
