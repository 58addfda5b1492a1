#include "cache/entry.h"

#include <gtest/gtest.h>

#include "cache/entries.h"

namespace reprise::cache {
namespace {

TEST(Entry, CostsWhatItHolds) {
  Entry entry;
  const size_t bare = entry.cost_bytes();
  EXPECT_GE(bare, sizeof(Entry));

  entry.finish_reason = "stop";  // fits inside
  EXPECT_EQ(entry.cost_bytes(), bare);

  entry.name_space = std::string(1000, 'n');
  const size_t with_namespace = entry.cost_bytes();
  EXPECT_GE(with_namespace, bare + 1000);

  entry.members.reserve(10);
  entry.members.push_back({std::string(500, 'm'), 1});
  const size_t with_members = entry.cost_bytes();
  EXPECT_GE(with_members, with_namespace + 10 * sizeof(entry.members[0]) + 500);

  entry.replay_head = base::Bytes::with_size(200);
  EXPECT_GE(entry.cost_bytes(), with_members + 200);
}

TEST(Entry, CostsItsAnswerToo) {
  SampleEntry large("q");
  large.body.resize(100'000);
  EXPECT_GE(std::move(large).make()->cost_bytes(), sample("q")->cost_bytes() + 99'000);
}

}  // namespace
}  // namespace reprise::cache
