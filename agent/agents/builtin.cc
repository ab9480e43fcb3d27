// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/signature.h"

namespace nestor {
namespace {

using Globs = std::vector<std::string>;

AgentSignature ByExe(std::string name, Globs exe) {
  return {.name = std::move(name), .exe = std::move(exe), .args = {}, .images = {}};
}

// One that starts its own program for each piece of work.
AgentSignature Service(std::string name, Globs exe) {
  AgentSignature signature = ByExe(std::move(name), std::move(exe));
  signature.service = true;
  return signature;
}

AgentSignature Images(std::string name, Globs images) {
  return {.name = std::move(name), .exe = {}, .args = {}, .images = std::move(images)};
}

}  // namespace

// A package is known by its name, also when a script of it runs. Globs with a `**` at both ends are
// kept few: each doubles the automaton.
const std::vector<AgentSignature>& BuiltinSignatures() {
  static const auto& signatures = *new std::vector<AgentSignature>{
      ByExe("ssh-agent", {"ssh-agent"}),
      Service("sshd", {"sshd", "sshd-session", "sshd-auth", "dropbear"}),

      Service("gitlab-runner", {"gitlab-runner", "gitlab-runner-helper", "gitlab-ci-multi-runner"}),
      Service("github-runner", {"Runner.Listener", "Runner.Listener.dll", "Runner.Worker",
                                "Runner.Worker.dll", "Runner.PluginHost"}),
      Service("jenkins-agent",
              {"agent.jar", "slave.jar", "remoting*.jar", "swarm-client*.jar",
               "hudson.remoting.jnlp.Main", "hudson.remoting.Launcher", "jenkins-agent"}),
      Service("buildkite-agent", {"buildkite-agent"}),
      Service("azure-pipelines-agent", {"Agent.Listener", "Agent.Worker"}),
      Service("circleci-agent", {"circleci-agent", "circleci-runner", "circleci-launch-agent"}),
      Service("drone-runner", {"drone-runner-*", "drone-agent"}),
      Service("woodpecker-agent", {"woodpecker-agent"}),
      Service("gitea-runner", {"act_runner", "gitea-runner", "forgejo-runner"}),

      ByExe("claude", {"claude", "claude-code", "@anthropic-ai/claude-code"}),
      ByExe("codex", {"codex", "codex-x86_64-*", "codex-aarch64-*", "@openai/codex"}),
      ByExe("gemini", {"gemini", "gemini-cli", "@google/gemini-cli"}),
      ByExe("copilot", {"copilot", "copilot-language-server", "@github/copilot",
                        "@github/copilot-language-server"}),
      {.name = "copilot", .exe = {"gh"}, .args = {"copilot"}, .images = {}},
      ByExe("aider", {"aider", "aider-chat"}),
      ByExe("cursor-agent", {"cursor-agent", "**/cursor-agent/**"}),
      ByExe("opencode", {"opencode", "opencode-ai"}),
      ByExe("openhands", {"openhands", "openhands-ai"}),
      ByExe("qwen-code", {"qwen", "qwen-code", "@qwen-code/qwen-code"}),
      ByExe("amp", {"@sourcegraph/amp"}),

      ByExe("mcp-server", {"mcp-server-*", "mcp_server_*", "mcp-server", "*-mcp-server",
                           "*_mcp_server", "@modelcontextprotocol/*", "@*/mcp", "@*/mcp-*"}),
      Images("mcp-server", {"mcp/*", "docker.io/mcp/*"}),
  };
  return signatures;
}

}  // namespace nestor
