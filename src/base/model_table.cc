#include "base/model_table.h"

#include <algorithm>

#include "base/digest.h"

namespace reprise::base {

ModelId ModelTable::intern(std::string_view model) {
  std::array<char, kNameBytesMax> printable;
  const size_t size = std::min(model.size(), printable.size());
  std::transform(model.begin(), model.begin() + size, printable.begin(),
                 [](char c) { return c >= 0x21 && c <= 0x7E ? c : '?'; });
  const std::string_view name(printable.data(), size);
  // A model of that very name must not become a second series of the same label.
  if (name.empty() || name == "other") return kOther;

  const size_t first_slot = xxh3_64(name) & (kSlots - 1);
  for (size_t slot = first_slot;; slot = (slot + 1) & (kSlots - 1)) {
    const Model* known = slots_[slot].load(std::memory_order_acquire);
    if (known == nullptr) break;
    if (known->name == name) return known->id;
  }
  return add(name, first_slot);
}

ModelId ModelTable::add(std::string_view name, size_t first_slot) {
  // Before the lock: a stream of made-up names must not make every worker queue here.
  if (count_.load(std::memory_order_relaxed) == kModelsMax) return kOther;
  std::lock_guard lock(mutex_);
  const size_t count = count_.load(std::memory_order_relaxed);
  if (count == kModelsMax) return kOther;
  size_t slot = first_slot;
  for (;; slot = (slot + 1) & (kSlots - 1)) {
    const Model* known = slots_[slot].load(std::memory_order_relaxed);
    if (known == nullptr) break;
    if (known->name == name) return known->id;  // somebody was faster
  }
  Model& model = models_[count];
  model.name = name;
  model.id = static_cast<ModelId>(count);
  slots_[slot].store(&model, std::memory_order_release);
  count_.store(count + 1, std::memory_order_release);
  return model.id;
}

std::vector<std::string> ModelTable::names() const {
  const size_t count = count_.load(std::memory_order_acquire);
  std::vector<std::string> names;
  names.reserve(count);
  for (size_t id = 0; id < count; ++id) names.push_back(models_[id].name);
  return names;
}

}  // namespace reprise::base
