// SPDX-License-Identifier: Apache-2.0
#include "agent/hook/hook_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <future>
#include <latch>

#include "agent/base/unique_fd.h"
#include "agent/hook/protocol.h"
#include "tests/unit/api/temp_dir.h"

namespace nestor {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

UniqueFd ConnectTo(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return {};
  }
  return fd;
}

std::string ReadToEnd(int fd) {
  std::string all;
  char part[4096];
  ssize_t count = 0;
  while ((count = read(fd, part, sizeof(part))) > 0) all.append(part, static_cast<size_t>(count));
  return all;
}

// What the server says to `text`; a server that hangs up early is no fault of the asker.
std::string Ask(const std::string& path, const std::string& text) {
  const UniqueFd fd = ConnectTo(path);
  if (!fd.ok()) return "no connection";
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = send(fd.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  shutdown(fd.get(), SHUT_WR);
  return ReadToEnd(fd.get());
}

class HookServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<HookServer> Serve(PrepareContainer prepare) {
    auto server = HookServer::Start({.socket = path_, .speak_time = std::chrono::milliseconds(300)},
                                    std::move(prepare));
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
  }

  const TempDir directory_;
  const std::string path_ = directory_.path() + "/hook.sock";
};

TEST_F(HookServerTest, HandsStateAndPatienceOverAndAnswersInAWord) {
  const auto server = Serve([](std::string_view state, milliseconds patience) -> HookAnswer {
    if (state == "good" && patience == milliseconds(1500)) return {HookOutcome::kReady, ""};
    if (state == "half") return {HookOutcome::kNamed, "no labels"};
    return {HookOutcome::kFailed, "two\nlines"};
  });
  EXPECT_EQ(Ask(path_, "prepare 1500\ngood"), "ready\n");
  EXPECT_EQ(Ask(path_, "prepare 1500\nhalf"), "named no labels\n");
  EXPECT_EQ(Ask(path_, "prepare 1500\n"), "failed two lines\n");
}

TEST_F(HookServerTest, TheSocketIsForItsOwnerOnly) {
  const auto server = Serve([](auto, auto) { return HookAnswer{HookOutcome::kReady, ""}; });
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(HookServerTest, WhatIsNoQuestionIsRefusedAndNotHandedOver) {
  std::atomic<int> handed_over{0};
  const auto server = Serve([&](auto, auto) {
    ++handed_over;
    return HookAnswer{HookOutcome::kReady, ""};
  });
  for (const std::string& text :
       {std::string(), std::string("GET / HTTP/1.1\n\n"), std::string("prepare 2000"),
        std::string("prepare \n{}"), std::string("prepare -1\n{}"), std::string("prepare 2s\n{}"),
        std::string("prepare 9\n{}"), std::string("prepare 10001\n{}"),
        std::string("prepare 99999999999999999999\n{}"),
        "prepare " + std::string(100, '1') + "\n{}"}) {
    EXPECT_THAT(Ask(path_, text), StartsWith("failed ")) << text;
  }
  EXPECT_EQ(handed_over.load(), 0);
}

TEST_F(HookServerTest, TakesTheLargestStateAndNoLargerOne) {
  std::atomic<size_t> taken{0};
  const auto server = Serve([&](std::string_view state, auto) {
    taken = state.size();
    return HookAnswer{HookOutcome::kReady, ""};
  });
  EXPECT_EQ(Ask(path_, "prepare 2000\n" + std::string(kMaxHookStateBytes, 'a')), "ready\n");
  EXPECT_EQ(taken.load(), kMaxHookStateBytes);
  taken = 0;
  // Cut off while it still speaks: the answer may be lost to a reset.
  Ask(path_, "prepare 2000\n" + std::string(2 * kMaxHookStateBytes, 'a'));
  EXPECT_EQ(taken.load(), 0u);
}

TEST_F(HookServerTest, AnswersSeveralAtATime) {
  std::latch all_in(4);
  const auto server = Serve([&](auto, auto) {
    all_in.arrive_and_wait();
    return HookAnswer{HookOutcome::kReady, ""};
  });
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 4; ++i) {
    answers.push_back(std::async(std::launch::async, [&] { return Ask(path_, "prepare 99\n"); }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "ready\n");
}

TEST_F(HookServerTest, APeerThatDoesNotSpeakIsDroppedAndOthersAreAnswered) {
  const auto server = Serve([](auto, auto) { return HookAnswer{HookOutcome::kReady, ""}; });
  const UniqueFd silent = ConnectTo(path_);
  ASSERT_TRUE(silent.ok());
  EXPECT_EQ(Ask(path_, "prepare 99\n"), "ready\n");
  EXPECT_THAT(ReadToEnd(silent.get()), HasSubstr("300 ms"));
}

TEST_F(HookServerTest, TheSocketGoesWithTheServer) {
  auto server = Serve([](auto, auto) { return HookAnswer{HookOutcome::kReady, ""}; });
  EXPECT_FALSE(HookServer::Start({.socket = path_}, {}));
  server.reset();
  EXPECT_EQ(Ask(path_, "prepare 99\n"), "no connection");
}

}  // namespace
}  // namespace nestor
