#pragma once

#include <absl/functional/any_invocable.h>

namespace reprise::base {

// Task: a job that runs once, on another thread or later.
using Task = absl::AnyInvocable<void()>;

}  // namespace reprise::base
