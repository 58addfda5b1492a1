#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include "base/check.h"
#include "bench/conversion_bench/answers.h"
#include "openai/conversion.h"

// How long it takes to give a recorded answer in another form. A benchmark's name says which
// conversion, of which kind of answer, and how large: `answer` has 256 tokens, others so many bytes
// of what is converted. Its counters: bytes of what is converted, bytes of it per second, and of
// what comes out, and how often memory was asked for.

namespace {

size_t allocations = 0;  // of the only thread

}  // namespace

// Not inlined: compilers would see malloc's memory go to delete.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  CHECK(memory != nullptr);
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace reprise::bench {

namespace {

using openai::Converted;

constexpr size_t kNoBound = size_t{1} << 32;
constexpr size_t kAnswerTokens = 256;
constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

using Convert = Converted (*)(openai::Route route, std::string_view input);

// Conversion: what is done to a recorded answer.
struct Conversion {
  std::string_view name;
  bool of_stream;
  Convert convert;
};

// Usage and obfuscation go: every event is taken apart.
constexpr openai::Form kBare{.stream = true, .include_usage = false, .include_obfuscation = false};

constexpr Conversion kConversions[] = {
    {"assemble", true,
     [](openai::Route route, std::string_view input) {
       return openai::assemble(route, input, kNoBound);
     }},
    {"rebuild", true,
     [](openai::Route route, std::string_view input) {
       return openai::rebuild(route, input, kBare, kNoBound);
     }},
    {"synthesise", false,
     [](openai::Route route, std::string_view input) {
       return openai::synthesise(route, input, kBare, kNoBound);
     }},
};

// Size: how large an answer is: as many tokens, or about as many bytes.
struct Size {
  std::string_view name;
  size_t bytes;  // 0: a common answer
};

constexpr Size kStreamSizes[] = {{"answer", 0}, {"1MiB", kMiB}, {"8MiB", 8 * kMiB}};
constexpr Size kJsonSizes[] = {{"answer", 0}, {"64KiB", 64 * kKiB}, {"1MiB", kMiB}};

std::string make_input(const AnswerKind& kind, bool stream, size_t bytes) {
  const auto make = stream ? kind.stream : kind.json;
  std::string common = make(kAnswerTokens);
  if (bytes == 0) return common;
  // What comes once, however long an answer is, counts for little in large ones.
  const size_t grown = make(2 * kAnswerTokens).size() - common.size();
  return make(bytes * kAnswerTokens / grown);
}

void convert(benchmark::State& state, const Conversion& conversion, const AnswerKind& kind,
             size_t bytes) {
  const std::string input = make_input(kind, conversion.of_stream, bytes);
  Converted output = conversion.convert(kind.route, input);
  CHECK(output && !output->empty());
  const auto output_bytes = static_cast<double>(output->size());
  output = std::string();
  const size_t before = allocations;
  output = conversion.convert(kind.route, input);
  state.counters["allocations"] = static_cast<double>(allocations - before);
  output = std::string();
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(conversion.convert(kind.route, input));
  }
  state.counters["input"] = static_cast<double>(input.size());
  state.counters["output_per_second"] =
      benchmark::Counter(output_bytes, benchmark::Counter::kIsIterationInvariantRate);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * input.size()));
}

void add_benchmarks() {
  for (const Conversion& conversion : kConversions) {
    for (const AnswerKind& kind : kAnswerKinds) {
      for (const Size& size : conversion.of_stream ? kStreamSizes : kJsonSizes) {
        std::string name(conversion.name);
        name.append("/").append(kind.name).append("/").append(size.name);
        benchmark::RegisterBenchmark(name.c_str(), [&](benchmark::State& state) {
          convert(state, conversion, kind, size.bytes);
        });
      }
    }
  }
}

}  // namespace

}  // namespace reprise::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  reprise::bench::add_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
