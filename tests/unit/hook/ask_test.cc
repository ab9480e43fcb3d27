// SPDX-License-Identifier: Apache-2.0
#include "tools/oci_hook/ask.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "agent/base/unique_fd.h"
#include "agent/hook/hook_server.h"
#include "agent/hook/protocol.h"
#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

Deadline In(milliseconds time) { return std::chrono::steady_clock::now() + time; }

class AskTest : public ::testing::Test {
 protected:
  void Serve(HookAnswer answer) {
    auto server = HookServer::Start({.socket = path_, .questions = 4},
                                    [this, answer](std::string_view state, milliseconds) {
                                      state_ = state;
                                      return answer;
                                    });
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/hook.sock";
  std::string state_;
  std::unique_ptr<HookServer> server_;
};

TEST_F(AskTest, ReadyAndNamedLetTheContainerStart) {
  Serve({HookOutcome::kReady, ""});
  EXPECT_TRUE(AskNestord(path_, "{\"a\":\n1}\n", In(milliseconds(5000))).ok());
  EXPECT_EQ(state_, "{\"a\":\n1}\n");
  server_.reset();
  Serve({HookOutcome::kNamed, "no labels"});
  EXPECT_TRUE(AskNestord(path_, "{}", In(milliseconds(5000))).ok());
}

TEST_F(AskTest, AFailureComesWithNestordsReason) {
  Serve({HookOutcome::kFailed, "the table is full"});
  const Status known = AskNestord(path_, "{}", In(milliseconds(5000)));
  ASSERT_FALSE(known.ok());
  EXPECT_EQ(known.error().message, "nestord: failed the table is full");
}

TEST_F(AskTest, WithoutNestordItIsSaidWhereItWasLookedFor) {
  const Status known = AskNestord(path_, "{}", In(milliseconds(5000)));
  ASSERT_FALSE(known.ok());
  EXPECT_THAT(known.error().message, HasSubstr("connect to " + path_));
}

TEST_F(AskTest, ANestordThatHangsCostsNoMoreThanTheDeadline) {
  const UniqueFd silent(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(silent.get(), 1), 0);

  const Status known = AskNestord(path_, "{}", In(milliseconds(50)));

  ASSERT_FALSE(known.ok());
  EXPECT_EQ(known.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(ReadStateTest, AStateThatIsTooLongOrDoesNotEndIsAnError) {
  const UniqueFd zeros(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const auto endless = ReadState(zeros.get(), In(milliseconds(5000)));
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().message, HasSubstr(std::to_string(kMaxHookStateBytes)));

  std::array<int, 2> pipe{};
  ASSERT_EQ(pipe2(pipe.data(), O_CLOEXEC), 0);
  const UniqueFd reader(pipe[0]), writer(pipe[1]);
  const auto silent = ReadState(reader.get(), In(milliseconds(50)));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace nestor
