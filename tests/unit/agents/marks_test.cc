// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/agents/recogniser.h"
#include "bpf/abi.h"

namespace nestor {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Lt;
using ::testing::UnorderedElementsAre;

AgentMarks Need(Result<AgentMarks> made) {
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

const AgentMarks& Builtin() {
  static const auto& marks = *new AgentMarks(Need(MakeAgentMarks({})));
  return marks;
}

std::vector<std::string> Names(const AgentMarks& marks, const std::string& exe,
                               const std::vector<std::string>& argv) {
  const uint64_t bits = AgentsOf(marks, exe, argv);
  std::vector<std::string> names;
  for (size_t i = 0; i < marks.names.size(); ++i)
    if (bits >> i & 1) names.push_back(marks.names[i]);
  return names;
}

std::string Recognised(const AgentRecogniser& recogniser, const std::string& exe,
                       const std::vector<std::string>& argv) {
  ProcessInfo process;
  process.exe = exe;
  process.argv = argv;
  return recogniser.Recognise(process, {}).name;
}

// What the recogniser says, the marks say.
void ExpectAgreement(const AgentMarks& marks, const AgentRecogniser& recogniser,
                     const std::string& exe, const std::vector<std::string>& argv) {
  const std::vector<std::string> names = Names(marks, exe, argv);
  const std::string name = Recognised(recogniser, exe, argv);
  std::string line = exe + ":";
  for (const std::string& word : argv) line += " " + word;
  if (name.empty())
    EXPECT_THAT(names, IsEmpty()) << line;
  else
    EXPECT_THAT(names, ElementsAre(name)) << line;
}

const std::vector<std::string>& Executables() {
  static const auto& paths =
      *new std::vector<std::string>{"/usr/bin/node",
                                    "/usr/bin/node22",
                                    "/usr/bin/nodejs",
                                    "/usr/bin/python3.11",
                                    "/opt/python",
                                    "/bin/bash",
                                    "/bin/sh",
                                    "/usr/bin/ruby3.1",
                                    "/usr/bin/deno",
                                    "/usr/bin/bun",
                                    "/usr/bin/java",
                                    "/usr/bin/dotnet",
                                    "/usr/bin/npx",
                                    "/usr/bin/uvx",
                                    "/usr/bin/npm",
                                    "/usr/bin/uv",
                                    "/usr/bin/pnpm",
                                    "/usr/bin/cat",
                                    "/usr/bin/gh",
                                    "/usr/local/bin/claude",
                                    "/usr/bin/claude2",
                                    "/usr/bin/nodes",
                                    "/usr/bin/python-x",
                                    "/usr/sbin/sshd",
                                    "/x/codex-x86_64-musl",
                                    "claude",
                                    "/claude/x",
                                    "",
                                    "/usr/lib/node_modules/@anthropic-ai/claude-code/vendor/rg",
                                    "/usr/lib/node_modules/@anthropic-ai/other/rg",
                                    "/usr/lib/python3/site-packages/aider/x",
                                    "/usr/lib/python3/site-packages/aider",
                                    "/usr/lib/python3/site-packages/aiders/x"};
  return paths;
}

// Words that come behind the program's own name.
const std::vector<std::vector<std::string>>& Lines() {
  static const auto& lines = *new std::vector<std::vector<std::string>>{
      {},
      {""},
      {"claude"},
      {"/usr/bin/claude", "-p", "x"},
      {"./claude"},
      {"claude.js"},
      {"--max-old-space-size=4096", "/usr/bin/claude"},
      {"-r", "claude", "server.js"},
      {"-r", "./hook.js", "/usr/bin/claude"},
      {"-W", "ignore", "-m", "aider"},
      {"-m", "aider", "--yes"},
      {"-c", "claude"},
      {"-lc", "claude", "claude"},
      {"-x", "claude"},
      {"-e", "claude"},
      {"-p", "claude"},
      {"--eval", "claude"},
      {"--call", "claude"},
      {"-o", "claude", "codex"},
      {"+o", "claude", "codex"},
      {"+x", "claude"},
      {"-", "claude"},
      {"--", "claude"},
      {"--"},
      {"--", "-claude"},
      {"--", "run", "claude"},
      {"-y", "@anthropic-ai/claude-code@latest"},
      {"@anthropic-ai/claude-code"},
      {"@anthropic-ai/claude-codes"},
      {"npm:@github/copilot@1.2"},
      {"npm:claude"},
      {"--from", "x", "mcp-server-git"},
      {"--from", "mcp-server-git", "y"},
      {"@modelcontextprotocol/server-filesystem", "/data"},
      {"@acme/mcp-search"},
      {"exec", "--", "@openai/codex"},
      {"exec", "@openai/codex"},
      {"install", "@openai/codex"},
      {"x", "exec", "claude"},
      {"run", "claude"},
      {"run", "-A", "npm:@github/copilot"},
      {"tool", "run", "aider-chat"},
      {"exec"},
      {"run"},
      {"-y", "exec", "claude"},
      {"exec", "-c", "claude"},
      {"server.js", "claude"},
      {"/usr/bin/npx", "-y", "@anthropic-ai/claude-code@latest"},
      {"/usr/bin/npx", "tsx", "claude"},
      {"npx", "-p", "claude", "node", "-r", "x", "/opt/codex"},
      {"/usr/bin/npm", "exec", "--", "@openai/codex"},
      {"/usr/bin/npm", "install", "@openai/codex"},
      {"/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"},
      {"/usr/lib/node_modules/claude-code/cli.js", "x"},
      {"/usr/lib/node_modules/left-pad/cli.js"},
      {"/srv/node_modules/@modelcontextprotocol/server-git/dist/index.js"},
      {"/usr/lib/python3/dist-packages/openhands/__main__.py"},
      {"-cp", "x", "-jar", "/usr/share/jenkins/agent.jar", "-url", "https://ci"},
      {"-jar", "/opt/remoting-3.2.jar"},
      {"-classpath", "agent.jar", "Main"},
      {"exec", "Runner.Worker.dll", "spawnclient"},
      {"Runner.Listener.dll"},
      {"copilot", "suggest"},
      {"suggest", "/x/copilot"},
      {"copilots"},
      {"exec", "mcp_server_fetch"},
  };
  return lines;
}

TEST(AgentMarksTest, TheKernelIsToldWhatTheRecogniserKnows) {
  const Result<AgentRecogniser> recogniser = AgentRecogniser::Create({});
  ASSERT_TRUE(recogniser);
  for (const std::string& exe : Executables()) {
    for (std::vector<std::string> argv : Lines()) {
      argv.insert(argv.begin(), "name");
      ExpectAgreement(Builtin(), *recogniser, exe, argv);
    }
  }
}

TEST(AgentMarksTest, AProgramThatTwoSignaturesKnowIsBoth) {
  EXPECT_THAT(Names(Builtin(), "/opt/cursor-agent/versions/1/node", {"node", "server.js"}),
              ElementsAre("cursor-agent"));
  EXPECT_THAT(Names(Builtin(), "/opt/cursor-agent/versions/1/node", {"node", "/usr/bin/claude"}),
              UnorderedElementsAre("claude", "cursor-agent"));
}

TEST(AgentMarksTest, EachOfTheOwnSignaturesCountsWithItsArguments) {
  const AgentOptions options{
      .builtin = false,
      .signatures = {
          {.name = "bot", .exe = {"python*"}, .args = {"deploy", "*.bot"}, .images = {}},
          {.name = "bot", .exe = {"ruby"}, .args = {"serve"}, .images = {}},
          {.name = "any", .exe = {}, .args = {"--agent-*"}, .images = {}},
          {.name = "tool", .exe = {"/opt/**/tool", "[tT]ool-?"}, .args = {}, .images = {}}}};
  const std::vector<std::vector<std::string>> lines = {
      {"deploy"}, {"x", "/y/z.bot"}, {"ruby", "deploy"}, {"serve"},        {"ruby", "serve"},
      {"tool-1"}, {"/opt/a/b/tool"}, {"/opt/tool"},      {"/opt/a/tools"}, {"--agent-x"},
      {"Tool-2"}, {"/x/Tool-2"},     {"x", "--agent-"},  {"agent-x"},      {"-c", "deploy"}};
  const AgentMarks marks = Need(MakeAgentMarks(options));
  const Result<AgentRecogniser> recogniser = AgentRecogniser::Create(options);
  ASSERT_TRUE(recogniser);
  for (const char* exe : {"/usr/bin/python3", "/usr/bin/ruby", "/opt/x/y", "/bin/sh", "/x"}) {
    for (std::vector<std::string> argv : lines) {
      argv.insert(argv.begin(), "name");
      ExpectAgreement(marks, *recogniser, exe, argv);
    }
  }
}

TEST(AgentMarksTest, OneThatOnlyAnImageTellsIsExplained) {
  const AgentMarks marks = Need(MakeAgentMarks(
      {.builtin = false,
       .signatures = {{.name = "boxed", .exe = {}, .args = {}, .images = {"box/*"}},
                      {.name = "both", .exe = {"x"}, .args = {}, .images = {"box/*"}},
                      {.name = "both", .exe = {"y"}, .args = {}, .images = {}}}}));

  EXPECT_THAT(marks.names, ElementsAre("both"));
  EXPECT_THAT(marks.unmarked.at("boxed"), HasSubstr("image"));
  EXPECT_THAT(Names(marks, "/x", {"x"}), IsEmpty());
  EXPECT_THAT(Names(marks, "/y", {"y"}), ElementsAre("both"));
}

TEST(AgentMarksTest, TheFirstNamesHaveRoomAndTheOthersAreExplained) {
  AgentOptions options;
  for (size_t i = 0; i < kMaxAgents + 1; ++i)
    options.signatures.push_back({.name = "a" + std::to_string(i),
                                  .exe = {"a" + std::to_string(i)},
                                  .args = {},
                                  .images = {}});

  const AgentMarks marks = Need(MakeAgentMarks(options));

  EXPECT_EQ(marks.names.size(), kMaxAgents);
  EXPECT_THAT(marks.unmarked, Contains(Key("a47")));
  EXPECT_THAT(marks.unmarked.at("claude"), HasSubstr("47"));
}

TEST(AgentMarksTest, AThirdSignatureWithArgumentsOfOneNameHasNoRoom) {
  const AgentSignature bot{.name = "bot", .exe = {"x"}, .args = {"y"}, .images = {}};
  const auto made = MakeAgentMarks({.builtin = false, .signatures = {bot, bot, bot}});

  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("agent bot has more than 2 signatures with args"));
}

TEST(AgentMarksTest, TheShippedOnesTakeLittleOfTheKernelsTables) {
  const AgentMarks& marks = Builtin();
  size_t cells = 0;
  for (const Dfa* dfa : {&marks.path, &marks.run, &marks.argv})
    cells += dfa->states() * (dfa->classes + NESTOR_ROW_SETS);

  EXPECT_THAT(cells, Lt(NESTOR_DFA_CELLS / 6U));
}

}  // namespace
}  // namespace nestor
