// SPDX-License-Identifier: Apache-2.0
#include "tools/nestorctl/command_line.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace nestor::ctl {
namespace {

using std::chrono_literals::operator""s;

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override { unsetenv("NESTOR_SOCKET"); }
  void TearDown() override { unsetenv("NESTOR_SOCKET"); }
};

TEST_F(CommandLineTest, TreeTakesItsFlagsAndFilters) {
  const auto parsed = ParseCommandLine({"tree", "-f", "--all", "--pod", "web-0", "-n", "team-a",
                                        "-c", "main", "--chain", "91C00001"});

  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->command, Command::kTree);
  EXPECT_TRUE(parsed.options->follow);
  EXPECT_TRUE(parsed.options->all);
  EXPECT_EQ(parsed.options->filter.pods, std::vector<std::string>{"web-0"});
  EXPECT_EQ(parsed.options->filter.namespaces, std::vector<std::string>{"team-a"});
  EXPECT_EQ(parsed.options->filter.containers, std::vector<std::string>{"main"});
}

TEST_F(CommandLineTest, RepeatedTypesAddUp) {
  const auto parsed = ParseCommandLine(
      {"events", "--type", "exec", "--type", "verdict", "--since", "10m", "--from-seq", "7"});

  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->filter.types, (std::vector<std::string>{"exec", "verdict"}));
  EXPECT_EQ(parsed.options->from_seq, 7U);
}

TEST_F(CommandLineTest, GlobalOptionsMayStandBehindTheCommand) {
  const auto parsed = ParseCommandLine(
      {"status", "--wait", "60s", "--socket", "/x.sock", "--color", "never", "-o", "json"});

  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->socket, "/x.sock");
  EXPECT_EQ(parsed.options->color, ColorMode::kNever);
  EXPECT_EQ(parsed.options->wait, 60s);
  EXPECT_EQ(parsed.options->format, Format::kJson);
}

TEST_F(CommandLineTest, SocketComesFromTheEnvironmentUnlessTheFlagIsGiven) {
  setenv("NESTOR_SOCKET", "/from/env.sock", 1);

  EXPECT_EQ(ParseCommandLine({"tree"}).options->socket, "/from/env.sock");
  EXPECT_EQ(ParseCommandLine({"tree", "--socket", "/flag.sock"}).options->socket, "/flag.sock");
}

TEST_F(CommandLineTest, ChainsAndChainsGetAreDifferentCommands) {
  EXPECT_EQ(ParseCommandLine({"chains"}).options->command, Command::kChains);
  const auto get = ParseCommandLine({"chains", "get", "91c00001"});
  ASSERT_TRUE(get.options) << get.err;
  EXPECT_EQ(get.options->command, Command::kChain);
  EXPECT_EQ(get.options->chain_id, "91c00001");
}

TEST_F(CommandLineTest, APathHasTwoEnds) {
  const auto parsed = ParseCommandLine({"path", "build-7", "team-a/web-0/main", "-o", "mermaid"});

  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->command, Command::kPath);
  EXPECT_EQ(parsed.options->path_from, "build-7");
  EXPECT_EQ(parsed.options->path_to, "team-a/web-0/main");
  EXPECT_EQ(parsed.options->format, Format::kMermaid);
}

TEST_F(CommandLineTest, VerifyTakesKeysAndReadsStdinUnlessAFileIsNamed) {
  const auto parsed =
      ParseCommandLine({"verify", "--key", "old.pub", "--key", "from-node", "events.jsonl"});
  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->command, Command::kVerify);
  EXPECT_EQ(parsed.options->verify.keys, (std::vector<std::string>{"old.pub", "from-node"}));
  EXPECT_EQ(parsed.options->verify.file, "events.jsonl");
  EXPECT_EQ(ParseCommandLine({"verify", "--key", "node.pub"}).options->verify.file, "-");
}

TEST_F(CommandLineTest, AgentsTakeAPlaceAndATime) {
  const auto parsed = ParseCommandLine({"agents", "--all", "-n", "team-a", "--since", "1h"});

  ASSERT_TRUE(parsed.options) << parsed.err;
  EXPECT_EQ(parsed.options->command, Command::kAgents);
  EXPECT_EQ(parsed.options->filter.since, "1h");
  EXPECT_EQ(ChooseFormat(*parsed.options, false), Format::kJsonLines);
}

struct Misuse {
  std::vector<std::string> arguments;
  std::string says;
};

class MisuseTest : public testing::TestWithParam<Misuse> {};

TEST_P(MisuseTest, IsAUsageErrorThatNamesTheWayOut) {
  const auto parsed = ParseCommandLine(GetParam().arguments);

  EXPECT_FALSE(parsed.options);
  EXPECT_EQ(parsed.exit_code, kExitUsage);
  EXPECT_NE(parsed.err.find(GetParam().says), std::string::npos) << parsed.err;
  EXPECT_NE(parsed.err.find("--help"), std::string::npos) << parsed.err;
}

INSTANTIATE_TEST_SUITE_P(
    All, MisuseTest,
    testing::Values(Misuse{{},
                           "a command is missing; one of: tree, chains, events, agents, path, "
                           "explain, status, doctor"},
                    Misuse{{"evnts"}, "unknown command `evnts`; did you mean `events`?"},
                    Misuse{{"chains", "gte"}, "did you mean `get`?"},
                    Misuse{{"events", "--namspace", "x"}, "did you mean `--namespace`?"},
                    Misuse{{"events", "--type", "exce"}, "did you mean `exec`?"},
                    Misuse{{"tree", "-o", "jsn"}, "did you mean `json`?"},
                    Misuse{{"tree", "--color", "alway"}, "did you mean `always`?"},
                    Misuse{{"tree", "-f", "-o", "json"}, "use -o jsonl"},
                    Misuse{{"tree", "-f", "-o", "dot"}, "a graph needs an end"},
                    Misuse{{"path", "host"}, "TO"}, Misuse{{"path", "host", "a//b"}, "is no place"},
                    Misuse{{"tree", "--chain", "xyz"}, "no chain id"},
                    Misuse{{"events", "--from-seq", "-3"}, "is no number"},
                    Misuse{{"explain", "4k"}, "is no number"},
                    Misuse{{"status", "--wait", "soon"}, "is no duration"},
                    Misuse{{"events", "--since", "yesterday"}, "neither a duration"},
                    Misuse{{"verify", "events.jsonl"}, "--key"},
                    Misuse{{"verify", "--kye", "node.pub"}, "did you mean `--key`?"},
                    Misuse{{"tree", "\x1b[2J"}, "unexpected argument `\\x1b[2J`"}));

TEST_F(CommandLineTest, HelpOfEachCommandHasExamples) {
  for (const char* command :
       {"tree", "chains", "events", "explain", "status", "doctor", "verify"}) {
    const auto parsed = ParseCommandLine({command, "--help"});
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_code, kExitOk);
    EXPECT_NE(parsed.out.find("Examples:"), std::string::npos) << command;
  }
}

TEST_F(CommandLineTest, PeopleReadTextAndPipesReadJson) {
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"tree"}).options, true), Format::kText);
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"tree"}).options, false), Format::kJson);
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"tree", "-f"}).options, false), Format::kJsonLines);
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"events"}).options, false), Format::kJsonLines);
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"doctor"}).options, false), Format::kJson);
  EXPECT_EQ(ChooseFormat(*ParseCommandLine({"chains", "-o", "table"}).options, false),
            Format::kText);
}

}  // namespace
}  // namespace nestor::ctl
