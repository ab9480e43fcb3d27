// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/program.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

namespace nestor {
namespace {

using Words = std::span<const std::string_view>;

// How a program that runs others is told which one.
struct Runner {
  Words names;            // of its file
  bool numbered;          // a version may follow the name: python3.11
  AgentForm form;         // of what it runs
  Words commands;         // one of these comes first: npm exec; none: no command is needed
  Words more_commands;    // may stand there, too: uv tool run, bun run
  Words with_value;       // options whose value is the next argument
  std::string_view code;  // letters of the options that give code instead of a program: -c, -e
};

constexpr auto kNode = std::to_array<std::string_view>({"node", "nodejs"});
constexpr auto kNodeValues = std::to_array<std::string_view>(
    {"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"});
constexpr auto kPython = std::to_array<std::string_view>({"python", "pypy"});
constexpr auto kPythonValues = std::to_array<std::string_view>({"-W", "-X"});
constexpr auto kShells =
    std::to_array<std::string_view>({"sh", "bash", "dash", "ash", "zsh", "ksh"});
constexpr auto kShellValues =
    std::to_array<std::string_view>({"-o", "-O", "+o", "+O", "--rcfile", "--init-file"});
constexpr auto kScripting = std::to_array<std::string_view>({"ruby", "perl", "php"});
constexpr auto kScriptingValues = std::to_array<std::string_view>({"-r", "-I", "-d"});
constexpr auto kBun = std::to_array<std::string_view>({"bun", "deno", "tsx", "ts-node"});
constexpr auto kBunCommands = std::to_array<std::string_view>({"run", "x", "exec"});
constexpr auto kBunValues =
    std::to_array<std::string_view>({"-r", "--preload", "-c", "--config", "--import-map"});
constexpr auto kJava = std::to_array<std::string_view>({"java"});
constexpr auto kJavaValues =
    std::to_array<std::string_view>({"-cp", "-classpath", "--class-path", "-p", "--module-path",
                                     "--add-opens", "--add-exports", "--add-modules"});
constexpr auto kDotnet = std::to_array<std::string_view>({"dotnet"});
constexpr auto kDotnetCommands = std::to_array<std::string_view>({"exec"});
constexpr auto kNpx = std::to_array<std::string_view>({"npx", "npx-cli.js", "pnpx", "bunx", "uvx"});
constexpr auto kNpxValues = std::to_array<std::string_view>(
    {"-p", "--package", "--from", "--with", "--python", "--index-url", "--registry"});
constexpr auto kNpm = std::to_array<std::string_view>(
    {"npm", "npm-cli.js", "pnpm", "pnpm.cjs", "yarn", "yarn.js", "pipx", "uv"});
constexpr auto kNpmCommands = std::to_array<std::string_view>({"exec", "x", "dlx", "run", "tool"});

constexpr auto kRunners = std::to_array<Runner>({
    {kNode, true, AgentForm::kScript, {}, {}, kNodeValues, "ep"},
    {kPython, true, AgentForm::kScript, {}, {}, kPythonValues, "c"},
    {kShells, false, AgentForm::kScript, {}, {}, kShellValues, "c"},
    {kScripting, true, AgentForm::kScript, {}, {}, kScriptingValues, "e"},
    {kBun, false, AgentForm::kScript, {}, kBunCommands, kBunValues, "e"},
    {kJava, false, AgentForm::kScript, {}, {}, kJavaValues, ""},
    {kDotnet, false, AgentForm::kScript, {}, kDotnetCommands, {}, ""},
    {kNpx, false, AgentForm::kLauncher, {}, {}, kNpxValues, "c"},
    {kNpm, false, AgentForm::kLauncher, kNpmCommands, kNpmCommands, kNpxValues, "c"},
});

bool Holds(Words words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool IsNamed(const Runner& runner, std::string_view name) {
  if (Holds(runner.names, name)) return true;
  if (!runner.numbered) return false;
  const size_t end = name.find_last_not_of("0123456789.");
  return end != std::string_view::npos && Holds(runner.names, name.substr(0, end + 1));
}

const Runner* RunnerOf(std::string_view path) {
  const std::string_view name = BaseName(path);
  const auto found = std::ranges::find_if(
      kRunners, [name](const Runner& runner) { return IsNamed(runner, name); });
  return found == kRunners.end() ? nullptr : &*found;
}

// "-c", "-lc": the last letter of a cluster tells what comes next.
bool GivesCode(const Runner& runner, std::string_view option) {
  if (option == "--eval" || option == "--print" || option == "--call") return true;
  const bool cluster = option.size() > 1 && option[0] == '-' && option[1] != '-';
  return cluster && runner.code.find(option.back()) != std::string_view::npos;
}

// The place in `argv`, from `at` on, of what the runner runs.
std::optional<size_t> FindOperand(const Runner& runner, const std::vector<std::string>& argv,
                                  size_t at) {
  bool commanded = runner.commands.empty();
  for (; at < argv.size(); ++at) {
    const std::string& word = argv[at];
    if (word == "--")
      return at + 1 < argv.size() && commanded ? std::optional(at + 1) : std::nullopt;
    if (GivesCode(runner, word)) return std::nullopt;
    if (word.starts_with('-') || word.starts_with('+')) {
      at += Holds(runner.with_value, word) ? 1 : 0;
    } else if (!commanded) {
      if (!Holds(runner.commands, word)) return std::nullopt;
      commanded = true;
    } else if (!Holds(runner.more_commands, word)) {
      return at;
    }
  }
  return std::nullopt;
}

// "npm:@openai/codex@1.2" is the package "@openai/codex".
std::string_view WithoutVersion(std::string_view operand) {
  constexpr std::string_view kScheme = "npm:";
  if (operand.starts_with(kScheme)) operand.remove_prefix(kScheme.size());
  const size_t name = operand.rfind('/') + 1;  // 0 when there is no `/`
  const size_t version = operand.find('@', name + 1);
  return operand.substr(0, version);
}

// "/usr/lib/node_modules/@openai/codex/bin/codex.js" is of "@openai/codex".
std::string_view PackageOf(std::string_view path) {
  for (const std::string_view folder : {"/node_modules/", "/site-packages/", "/dist-packages/"}) {
    const size_t found = path.rfind(folder);
    if (found == std::string_view::npos) continue;
    const std::string_view inside = path.substr(found + folder.size());
    const size_t scope = inside.starts_with('@') ? inside.find('/') : 0;
    return inside.substr(0, scope == std::string_view::npos ? 0 : inside.find('/', scope + 1));
  }
  return {};
}

Program Made(std::string_view path, AgentForm form) { return {path, PackageOf(path), form}; }

}  // namespace

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::vector<Program> ProgramsOf(const ProcessInfo& process) {
  constexpr size_t kDeepest = 4;  // node, npx, tsx, a script
  const std::vector<std::string>& argv = process.argv;
  std::vector<Program> programs;
  if (!process.exe.empty()) {
    programs.push_back(Made(process.exe, AgentForm::kProgram));
  } else if (!argv.empty()) {
    programs.push_back(Made(argv[0], AgentForm::kProgram));
  }
  for (size_t at = 1; !programs.empty() && programs.size() < kDeepest;) {
    const Runner* runner = RunnerOf(programs.back().path);
    const auto operand = runner ? FindOperand(*runner, argv, at) : std::nullopt;
    if (!operand) break;
    const bool launched = programs.back().form == AgentForm::kLauncher;
    programs.push_back(
        Made(WithoutVersion(argv[*operand]), launched ? AgentForm::kLauncher : runner->form));
    at = *operand + 1;
  }
  return programs;
}

}  // namespace nestor
