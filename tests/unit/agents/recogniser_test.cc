// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/recogniser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nestor {
namespace {

using ::testing::HasSubstr;

AgentRecogniser Need(Result<AgentRecogniser> made) {
  EXPECT_TRUE(made) << made.error().message;
  return *std::move(made);
}

ProcessInfo Runs(const std::string& exe, std::vector<std::string> argv) {
  ProcessInfo process;
  process.exe = exe;
  process.argv = std::move(argv);
  return process;
}

AgentMatch Builtin(const ProcessInfo& process, const std::string& image = "") {
  static const auto& recogniser = *new AgentRecogniser(Need(AgentRecogniser::Create({})));
  Workload workload;
  workload.image = image;
  return recogniser.Recognise(process, workload);
}

struct Known {
  std::vector<std::string> argv;
  std::string exe;
  std::string name;
  AgentForm form;
};

class KnownAgentTest : public testing::TestWithParam<Known> {};

TEST_P(KnownAgentTest, IsRecognised) {
  const Known& known = GetParam();

  const AgentMatch match = Builtin(Runs(known.exe, known.argv));

  EXPECT_EQ(match.name, known.name);
  if (match) EXPECT_EQ(match.form, known.form);
}

constexpr AgentForm kProgram = AgentForm::kProgram, kScript = AgentForm::kScript,
                    kLauncher = AgentForm::kLauncher, kService = AgentForm::kService;

INSTANTIATE_TEST_SUITE_P(
    Coding, KnownAgentTest,
    testing::Values(
        Known{{"claude"}, "/usr/local/bin/claude", "claude", kProgram},
        Known{{"node", "/usr/bin/claude"}, "/usr/bin/node", "claude", kScript},
        Known{{"node", "--max-old-space-size=4096", "/usr/bin/claude", "-p", "x"},
              "/usr/bin/node22",
              "claude",
              kScript},
        Known{{"node", "-r", "./hook.js", "/usr/bin/claude"}, "/usr/bin/node", "claude", kScript},
        Known{{"node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"},
              "/usr/bin/node",
              "claude",
              kScript},
        Known{{"npx", "@anthropic-ai/claude-code"}, "/usr/bin/npx", "claude", kLauncher},
        Known{{"node", "/usr/bin/npx", "-y", "@anthropic-ai/claude-code@latest"},
              "/usr/bin/node",
              "claude",
              kLauncher},
        Known{{"node", "/usr/bin/npm", "exec", "--", "@openai/codex"},
              "/usr/bin/node",
              "codex",
              kLauncher},
        Known{{"python3", "-m", "aider", "--yes"}, "/usr/bin/python3.11", "aider", kScript},
        Known{{"python3", "-W", "ignore", "-m", "aider"}, "/usr/bin/python3", "aider", kScript},
        Known{{"python3", "/usr/local/bin/aider"}, "/usr/bin/python3", "aider", kScript},
        Known{{"uv", "tool", "run", "aider-chat"}, "/usr/bin/uv", "aider", kLauncher},
        Known{{"codex", "exec"}, "/opt/codex-x86_64-unknown-linux-musl", "codex", kProgram},
        Known{{"gemini"}, "/usr/bin/gemini", "gemini", kProgram},
        Known{{"gh", "copilot", "suggest"}, "/usr/bin/gh", "copilot", kProgram},
        Known{{"deno", "run", "-A", "npm:@github/copilot"}, "/usr/bin/deno", "copilot", kScript}));

INSTANTIATE_TEST_SUITE_P(
    Servers, KnownAgentTest,
    testing::Values(
        Known{{"sshd", "-D"}, "/usr/sbin/sshd", "sshd", kService},
        Known{{"ssh-agent", "-s"}, "/usr/bin/ssh-agent", "ssh-agent", kProgram},
        Known{{"mcp-server-git"}, "/usr/bin/mcp-server-git", "mcp-server", kProgram},
        Known{{"uvx", "--from", "x", "mcp-server-git"}, "/usr/bin/uvx", "mcp-server", kLauncher},
        Known{{"npx", "-y", "@modelcontextprotocol/server-filesystem", "/data"},
              "/usr/bin/npx",
              "mcp-server",
              kLauncher},
        Known{{"python", "-m", "mcp_server_fetch"}, "/usr/bin/python", "mcp-server", kScript},
        Known{{"node", "/srv/node_modules/@modelcontextprotocol/server-git/dist/index.js"},
              "/usr/bin/node",
              "mcp-server",
              kScript},
        Known{{"gitlab-runner", "run"}, "/usr/bin/gitlab-runner", "gitlab-runner", kService},
        Known{{"Runner.Worker", "spawnclient"},
              "/opt/runner/bin/Runner.Worker",
              "github-runner",
              kService},
        Known{{"java", "-cp", "x", "-jar", "/usr/share/jenkins/agent.jar", "-url", "https://ci"},
              "/usr/lib/jvm/bin/java",
              "jenkins-agent",
              kService},
        Known{{"buildkite-agent", "bootstrap"},
              "/usr/bin/buildkite-agent",
              "buildkite-agent",
              kService}));

// A name among the arguments makes no agent: it must be what runs.
INSTANTIATE_TEST_SUITE_P(
    Others, KnownAgentTest,
    testing::Values(
        Known{{"cat", "/usr/bin/claude"}, "/usr/bin/cat", "", kProgram},
        Known{{"python3", "bench.py", "--model", "gemini"}, "/usr/bin/python3", "", kProgram},
        Known{{"node", "server.js", "claude"}, "/usr/bin/node", "", kProgram},
        Known{{"npm", "install", "@openai/codex"}, "/usr/bin/npm", "", kProgram},
        Known{{"bash", "-c", "claude"}, "/usr/bin/bash", "", kProgram},
        Known{{"bash", "-lc", "claude", "claude"}, "/usr/bin/bash", "", kProgram},
        Known{{"node"}, "/usr/bin/node", "", kProgram},
        Known{{"npx", "--"}, "/usr/bin/npx", "", kProgram},
        Known{{"ssh", "host"}, "/usr/bin/ssh", "", kProgram}, Known{{}, "", "", kProgram}));

TEST(RecogniserTest, AnImageAloneStandsForItsContainer) {
  const AgentMatch match = Builtin(Runs("/app/server", {"server"}), "docker.io/mcp/github:latest");

  EXPECT_EQ(match.name, "mcp-server");
  EXPECT_EQ(match.form, AgentForm::kContainer);
}

TEST(RecogniserTest, OwnSignaturesComeFirstAndAllTheirListsMustMatch) {
  AgentSignature bot{.name = "deploy-bot",
                     .exe = {"python*", "claude"},
                     .args = {"--role=deploy*"},
                     .images = {"registry.example/**"}};
  const AgentRecogniser recogniser =
      Need(AgentRecogniser::Create({.builtin = true, .signatures = {bot}}));
  Workload ours;
  ours.image = "registry.example/tools/bot:3";

  EXPECT_EQ(
      recogniser.Recognise(Runs("/usr/bin/claude", {"claude", "--role=deploy-eu"}), ours).name,
      "deploy-bot");
  EXPECT_EQ(recogniser.Recognise(Runs("/usr/bin/claude", {"claude"}), ours).name, "claude");
  EXPECT_EQ(recogniser.Recognise(Runs("/usr/bin/python3", {"python3", "--role=deploy"}), {}).name,
            "");
}

TEST(RecogniserTest, WithoutTheShippedOnesNothingIsKnown) {
  const AgentRecogniser recogniser =
      Need(AgentRecogniser::Create({.builtin = false, .signatures = {}}));

  EXPECT_FALSE(recogniser.Recognise(Runs("/usr/bin/claude", {"claude"}), {}));
}

TEST(RecogniserTest, AnArgumentIsComparedWholeAndByItsLastPart) {
  AgentSignature tool{.name = "tool", .exe = {}, .args = {"agent-*.cfg"}, .images = {}};
  const AgentRecogniser recogniser =
      Need(AgentRecogniser::Create({.builtin = false, .signatures = {tool}}));

  EXPECT_TRUE(recogniser.Recognise(Runs("/bin/x", {"x", "/etc/agent-1.cfg"}), {}));
  EXPECT_FALSE(recogniser.Recognise(Runs("/bin/x", {"agent-1.cfg"}), {}));
}

TEST(RecogniserTest, FaultsNameTheSignature) {
  const auto fault = [](AgentSignature signature) {
    const auto made = AgentRecogniser::Create({.builtin = false, .signatures = {signature}});
    return made ? "" : made.error().message;
  };

  EXPECT_THAT(fault({.name = "a", .exe = {"[x"}, .args = {}, .images = {}}),
              HasSubstr("agent a: pattern `[x`: at character 1"));
  EXPECT_THAT(fault({.name = "a", .exe = {}, .args = {}, .images = {}}), HasSubstr("neither exe"));
  EXPECT_THAT(fault({.name = "A b", .exe = {"x"}, .args = {}, .images = {}}), HasSubstr("`A b`"));
}

TEST(RecogniserTest, TooManySignaturesAreRefused) {
  AgentOptions options;
  options.signatures.assign(300, {.name = "a", .exe = {"x"}, .args = {}, .images = {}});

  EXPECT_FALSE(AgentRecogniser::Create(options));
}

}  // namespace
}  // namespace nestor
