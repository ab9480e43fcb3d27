// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/program.h"

#include <algorithm>
#include <optional>
#include <string>

#include "agent/agents/runner.h"

namespace nestor {
namespace {

using Words = Runner::Words;

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
      Runners(), [name](const Runner& runner) { return IsNamed(runner, name); });
  return found == Runners().end() ? nullptr : &*found;
}

// "-c", "-lc": the last letter of a cluster tells what comes next.
bool GivesCode(const Runner& runner, std::string_view option) {
  if (Holds(CodeOptions(), option)) return true;
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
  if (operand.starts_with(kPackageScheme)) operand.remove_prefix(kPackageScheme.size());
  const size_t name = operand.rfind('/') + 1;  // 0 when there is no `/`
  const size_t version = operand.find('@', name + 1);
  return operand.substr(0, version);
}

// "/usr/lib/node_modules/@openai/codex/bin/codex.js" is of "@openai/codex".
std::string_view PackageOf(std::string_view path) {
  for (const std::string_view folder : PackageFolders()) {
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
