#include "app/price_file.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "app/option_sources.h"
#include "app/toml_file.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::Result;
using openai::Prices;

// Of a dollar. Prices have no more than six decimals.
constexpr double kMillion = 1e6;

// PriceReader: makes rates of the file's tables. Lives as long as they are read.
class PriceReader {
 public:
  explicit PriceReader(const FileOption& file) : file_(file) {}

  Result<std::vector<Prices::Rate>> read(const toml::table& models) const;

 private:
  Result<Prices::Rate> read_model(const toml::key& name, const toml::node& node) const;
  Result<uint64_t> read_price(const toml::key& name, const toml::node& node) const;
  tl::unexpected<base::Error> refuse(const toml::source_region& where,
                                     const std::string& expected) const;

  const FileOption& file_;
};

tl::unexpected<base::Error> PriceReader::refuse(const toml::source_region& where,
                                                const std::string& expected) const {
  const std::string line = "line " + std::to_string(where.begin.line);
  return complain({file_.option, file_.path, line + ": " + expected, file_.origin});
}

Result<uint64_t> PriceReader::read_price(const toml::key& name, const toml::node& node) const {
  const std::optional<double> dollars =
      node.is_number() ? node.value<double>() : std::optional<double>();
  constexpr double kDollarsMax = static_cast<double>(Prices::kPriceMax) / kMillion;
  if (!dollars || !(*dollars >= 0 && *dollars <= kDollarsMax)) {
    return refuse(node.source(), std::string(name.str()) +
                                     ": expected dollars per million tokens, a number from 0 to "
                                     "10000");
  }
  return static_cast<uint64_t>(std::llround(*dollars * kMillion));
}

Result<Prices::Rate> PriceReader::read_model(const toml::key& name, const toml::node& node) const {
  const std::string quoted = base::in_quotes(name.str());
  const toml::table* const table = node.as_table();
  if (table == nullptr) {
    return refuse(name.source(), quoted + ": expected a table for each model, but this is " +
                                     std::string(toml_type_name(node)));
  }
  const size_t star = name.str().find('*');
  if (name.str().empty() || (star != std::string_view::npos && star + 1 != name.str().size())) {
    return refuse(name.source(),
                  quoted + ": expected a model's name, or how names begin and one * at the end");
  }
  Prices::Rate rate{std::string(name.str()), {}};
  for (const auto& [key, value] : *table) {
    if (value.is_table()) {
      return refuse(key.source(), quoted + " has a table " + base::in_quotes(key.str()) +
                                      ": expected names with dots in quotes, as in [\"gpt-4.1\"]");
    }
    if (key.str() != "input" && key.str() != "output") {
      return refuse(key.source(),
                    quoted + " has " + base::in_quotes(key.str()) + ": expected input and output");
    }
    const auto price = read_price(key, value);
    if (!price) return tl::unexpected(price.error());
    (key.str() == "input" ? rate.price.input : rate.price.output) = *price;
  }
  if (!table->contains("input")) return refuse(name.source(), quoted + ": expected input");
  return rate;
}

Result<std::vector<Prices::Rate>> PriceReader::read(const toml::table& models) const {
  std::vector<Prices::Rate> rates;
  rates.reserve(models.size());
  for (const auto& [name, node] : models) {
    auto rate = read_model(name, node);
    if (!rate) return tl::unexpected(rate.error());
    rates.push_back(*std::move(rate));
  }
  return rates;
}

}  // namespace

Result<std::shared_ptr<const Prices>> read_prices(const std::string& path,
                                                  std::string_view origin) {
  const FileOption file{"prices", path, origin};
  const auto models = read_toml_file(file);
  if (!models) return tl::unexpected(models.error());
  auto rates = PriceReader(file).read(*models);
  if (!rates) return tl::unexpected(rates.error());
  return std::make_shared<const Prices>(*std::move(rates));
}

}  // namespace reprise::app
