// SPDX-License-Identifier: Apache-2.0
#include "agent/agents/runner.h"

#include <array>

namespace nestor {
namespace {

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

constexpr auto kAllRunners = std::to_array<Runner>({
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

constexpr auto kCode = std::to_array<std::string_view>({"--eval", "--print", "--call"});
constexpr auto kFolders =
    std::to_array<std::string_view>({"/node_modules/", "/site-packages/", "/dist-packages/"});

}  // namespace

std::span<const Runner> Runners() { return kAllRunners; }

Runner::Words CodeOptions() { return kCode; }

Runner::Words PackageFolders() { return kFolders; }

}  // namespace nestor
