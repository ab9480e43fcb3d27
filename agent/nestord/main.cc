// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "agent/nestord/config.h"
#include "agent/nestord/daemon.h"
#include "agent/nestord/log.h"
#include "agent/nestord/uninstall.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongConfig = 2;

int CheckConfig(const std::string& file) {
  const auto read = nestor::ReadConfig(file);
  const auto* errors = std::get_if<std::vector<nestor::Error>>(&read);
  if (!errors) {
    std::cout << file << ": fine\n";
    return 0;
  }
  for (const nestor::Error& error : *errors) std::cerr << error.message << "\n";
  return kWrongConfig;
}

int Run(const std::string& file) {
  const auto read = nestor::ReadConfig(file);
  nestor::SetUpLog("info");
  if (const auto* errors = std::get_if<std::vector<nestor::Error>>(&read)) {
    for (const nestor::Error& error : *errors) spdlog::error("{}", error.message);
    return kWrongConfig;
  }
  const auto& config = std::get<nestor::Config>(read);
  nestor::SetUpLog(config.log_level);
  const nestor::Status status = nestor::RunDaemon(config, file);
  if (status) return 0;
  spdlog::error("{}", status.error().message);
  return kFailed;
}

int RemoveAll(const std::string& file) {
  const auto read = nestor::ReadConfig(file);
  if (const auto* errors = std::get_if<std::vector<nestor::Error>>(&read)) {
    for (const nestor::Error& error : *errors) std::cerr << error.message << "\n";
    return kWrongConfig;
  }
  const nestor::Status status = nestor::Uninstall(std::get<nestor::Config>(read), std::cout);
  if (status) return 0;
  std::cerr << status.error().message << "\n";
  return kFailed;
}

// Memory that a burst of events took is used again by the next: giving it back to the kernel in
// between, page by page, cost more than sending the events.
void KeepFreedMemory() {
  constexpr int kTrimBytes = 16 << 20, kMapBytes = 4 << 20, kArenas = 2;
  mallopt(M_TRIM_THRESHOLD, kTrimBytes);
  mallopt(M_MMAP_THRESHOLD, kMapBytes);
  mallopt(M_ARENA_MAX, kArenas);
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  CLI::App app(
      "nestord: follows nested agents on a Kubernetes node, and blocks what policy forbids");
  std::string file = "/etc/nestor/nestord.yaml";
  bool check = false, uninstall = false;
  app.add_option("-c,--config", file, "settings; see the comments in the shipped file")
      ->capture_default_str();
  app.add_flag("--check-config", check, "only read the settings and say what is wrong");
  app.add_flag("--uninstall", uninstall,
               "take out of the kernel what outlives nestord: rules, chains, all programs");
  app.set_version_flag("--version", NESTOR_VERSION);
  CLI11_PARSE(app, argc, argv);
  if (check) return CheckConfig(file);
  return uninstall ? RemoveAll(file) : Run(file);
}
