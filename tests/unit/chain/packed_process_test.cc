// SPDX-License-Identifier: Apache-2.0
#include "agent/chain/packed_process.h"

#include <gtest/gtest.h>

#include <string>

namespace nestor {
namespace {

ProcessInfo Shell() {
  ProcessInfo info;
  info.key = {7'000'000'000, 812};
  info.exe = "/usr/bin/dash";
  info.argv = {"sh", "-c", "echo hello"};
  info.cwd = "/srv";
  info.uid = 1;
  info.gid = 2;
  info.auid = 3;
  info.tty = "pts/3";
  info.argv_truncated = true;
  info.argc = 70'000;
  info.argv_bytes = 2'000'000;
  info.pre_existing = true;
  info.agent = "claude";
  info.agent_depth = 2;
  return info;
}

void ExpectSame(const ProcessInfo& seen, const ProcessInfo& wanted) {
  EXPECT_EQ(seen.key, wanted.key);
  EXPECT_EQ(seen.exe, wanted.exe);
  EXPECT_EQ(seen.argv, wanted.argv);
  EXPECT_EQ(seen.cwd, wanted.cwd);
  EXPECT_EQ(seen.uid, wanted.uid);
  EXPECT_EQ(seen.gid, wanted.gid);
  EXPECT_EQ(seen.auid, wanted.auid);
  EXPECT_EQ(seen.tty, wanted.tty);
  EXPECT_EQ(seen.argv_truncated, wanted.argv_truncated);
  EXPECT_EQ(seen.argc, wanted.argc);
  EXPECT_EQ(seen.argv_bytes, wanted.argv_bytes);
  EXPECT_EQ(seen.pre_existing, wanted.pre_existing);
  EXPECT_EQ(seen.agent, wanted.agent);
  EXPECT_EQ(seen.agent_depth, wanted.agent_depth);
}

TEST(PackedProcessTest, UnpackingGivesBackEveryField) {
  const PackedProcess packed(Shell());

  ExpectSame(packed.Unpack(), Shell());
  EXPECT_EQ(packed.exe(), "/usr/bin/dash");
  EXPECT_EQ(packed.key(), Shell().key);
  EXPECT_TRUE(packed.pre_existing());
}

TEST(PackedProcessTest, AProcessOfWhichOnlyItsKeyIsKnownHasNoTexts) {
  ProcessInfo info;
  info.key = {1, 2};

  const PackedProcess packed(info);

  ExpectSame(packed.Unpack(), info);
  EXPECT_EQ(packed.exe(), "");
}

TEST(PackedProcessTest, EmptyArgumentsAndAnEmptyFirstOneStay) {
  ProcessInfo info;
  info.argv = {"", "", "x", ""};

  ExpectSame(PackedProcess(info).Unpack(), info);
}

TEST(PackedProcessTest, LongTextsAndEveryByteStay) {
  ProcessInfo info = Shell();
  info.argv = {std::string(127, 'a'), std::string(128, 'b'), std::string(40'000, 'c'),
               std::string("\0\x80\xff", 3)};

  ExpectSame(PackedProcess(info).Unpack(), info);
}

}  // namespace
}  // namespace nestor
