// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/programs.h"

#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "bpf/abi.h"
#include "bpf/nestor_skeleton.skel.h"

namespace nestor {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool IsAboutNamespacesOrCredentials(const Program& program) {
  return program.name.starts_with("decide_setns") || program.name.starts_with("decide_un") ||
         program.name == "decide_setuid" || program.name == "decide_rights";
}

class ProgramsTest : public testing::Test {
 protected:
  void SetUp() override {
    KeepLibbpfLog();
    size_t size = 0;
    const auto* bytes = static_cast<const std::byte*>(nestor_skeleton__elf_bytes(&size));
    file_.assign(bytes, bytes + size);
    skeleton_.reset(nestor_skeleton__open());
    ASSERT_NE(skeleton_, nullptr);
  }

  // Its hook is one that no kernel has.
  void Misname(std::string_view section) {
    const auto* bytes = reinterpret_cast<const char*>(file_.data());
    const size_t at = std::string_view(bytes, file_.size()).find(section);
    ASSERT_NE(at, std::string_view::npos);
    file_[at + section.size() - 1] = std::byte{'?'};
  }

  std::vector<std::byte> file_;
  std::unique_ptr<nestor_skeleton, decltype(&nestor_skeleton__destroy)> skeleton_{
      nullptr, nestor_skeleton__destroy};
};

size_t CountLoaded(const Programs& programs) {
  const std::vector<Program> all = programs.All();
  return static_cast<size_t>(std::ranges::count_if(all, [](const Program& program) {
    return program.loaded && bpf_program__fd(program.loaded) >= 0;
  }));
}

TEST_F(ProgramsTest, WhatIsWantedIsLoadedAndNothingElse) {
  Programs programs(skeleton_->obj, file_);
  ASSERT_EQ(nestor_skeleton__load(skeleton_.get()), 0);
  EXPECT_EQ(CountLoaded(programs), 0u);
  EXPECT_EQ(programs.Find("on_exec"), nullptr);

  programs.Load([](const Program& program) { return program.name == "on_exec"; });
  EXPECT_EQ(CountLoaded(programs), 1u);
  const bpf_program* first = programs.Find("on_exec");
  EXPECT_GE(bpf_program__fd(first), 0);

  programs.Load([](const Program& program) {
    return program.name == "on_exec" || IsAboutNamespacesOrCredentials(program);
  });
  EXPECT_EQ(programs.Find("on_exec"), first) << "it was loaded already";
  EXPECT_GT(CountLoaded(programs), 4u);
  EXPECT_THAT(programs.TakeRefused(), IsEmpty());
}

TEST_F(ProgramsTest, WhatTheKernelRefusesIsLeftOutAndNamedAndTheRestIsLoaded) {
  Misname("lsm/task_fix_setuid");
  Programs programs(skeleton_->obj, file_);
  const size_t known = programs.All().size();
  ASSERT_EQ(nestor_skeleton__load(skeleton_.get()), 0);

  programs.Load(IsAboutNamespacesOrCredentials);
  const auto refused = programs.TakeRefused();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].program.name, "decide_setuid");
  EXPECT_THAT(refused[0].reason, HasSubstr("task_fix_setui?"));
  EXPECT_EQ(programs.All().size(), known - 1);
  EXPECT_EQ(programs.Find("decide_setuid"), nullptr);
  EXPECT_NE(programs.Find("decide_rights"), nullptr);
  EXPECT_GT(CountLoaded(programs), 3u);
  EXPECT_THAT(programs.TakeRefused(), IsEmpty()) << "told once";
}

}  // namespace
}  // namespace nestor
