// SPDX-License-Identifier: Apache-2.0
#include "agent/event/act.h"

#include <gtest/gtest.h>

namespace nestor {
namespace {

constexpr uint64_t kAdminAndRaw = 1U << 21 | 1U << 13;

uint8_t OperationBit(const char* word) {
  return static_cast<uint8_t>(BitOf(word, OperationWords()));
}

TEST(ActTest, ATraceNamesTheOtherProcess) {
  Act act{.from = 7, .to = 12, .operation = OperationBit("ptrace")};

  EXPECT_EQ(TraceText(act, 7, "/usr/sbin/nginx"), "ptrace of /usr/sbin/nginx[12]");
  EXPECT_EQ(TraceText(act, 12, "/usr/bin/gdb"), "ptrace by /usr/bin/gdb[7]");
  act.from = 12;
  act.operation = OperationBit("proc-mem");
  EXPECT_EQ(TraceText(act, 12, "/usr/bin/own"), "proc-mem of /usr/bin/own[12]");
}

TEST(ActTest, ACredentialSaysTheUidsAndWhatIsGained) {
  Act act{.from = 1000, .to = 0};

  EXPECT_EQ(CredentialText(act, ""), "uid 1000 -> 0");
  act.capabilities = kAdminAndRaw;
  EXPECT_EQ(CredentialText(act, "/usr/bin/su"),
            "uid 1000 -> 0 gains CAP_NET_RAW,CAP_SYS_ADMIN by /usr/bin/su");
  act.to = 1000;
  EXPECT_EQ(CredentialText(act, ""), "gains CAP_NET_RAW,CAP_SYS_ADMIN");
}

TEST(ActTest, WhatIsWrittenIsRead) {
  const uint8_t kinds = static_cast<uint8_t>(BitOf("user", NamespaceKindWords()) |
                                             BitOf("mnt", NamespaceKindWords()));
  Act act{.operation = OperationBit("unshare"), .kinds = kinds}, read;
  EXPECT_EQ(NamespaceText(act), "unshare mnt,user");
  EXPECT_TRUE(ReadActText(NamespaceText(act), read));
  EXPECT_EQ(read, act);

  act = {.capabilities = kAdminAndRaw, .from = 1000, .to = 0};
  read = {};
  EXPECT_TRUE(ReadActText(CredentialText(act, "/usr/bin/su"), read));
  EXPECT_EQ(read, act);
  read = {};
  EXPECT_TRUE(ReadActText("gains CAP_SYS_ADMIN", read));
  EXPECT_EQ(read.capabilities, 1U << 21);

  read = {};
  EXPECT_TRUE(ReadActText("pidfd-getfd of /bin/a b[1]", read));
  EXPECT_EQ(read.operation, OperationBit("pidfd-getfd"));
}

TEST(ActTest, OtherTextsAreNoAct) {
  for (const char* text : {"", "open", "unshare", "unshare x", "uid", "uid a -> 0", "uid 1 to 0",
                           "gains CAP_NOTHING", "ptraces"}) {
    Act act;
    EXPECT_FALSE(ReadActText(text, act)) << text;
  }
}

TEST(ActTest, TheLastCapabilityIsTheFortyFirst) {
  EXPECT_EQ(BitOf("CAP_CHECKPOINT_RESTORE", CapabilityWords()), uint64_t{1} << 40);
}

}  // namespace
}  // namespace nestor
