// SPDX-License-Identifier: Apache-2.0
#include "agent/nestord/uninstall.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "agent/kernel/pin_directory.h"

namespace nestor {
namespace {

constexpr int kNoPatience = 0;

Status RemovePins(const std::string& directory, std::ostream& out) {
  if (directory.empty() || access(directory.c_str(), F_OK) != 0) {
    out << "nothing to remove from the kernel: "
        << (directory.empty() ? "kernel.pinDirectory is empty" : "there is no " + directory)
        << "\n";
    return {};
  }
  if (!IsInBpfFilesystem(directory)) {
    return Error::FailedPrecondition(directory + " is in no BPF file system: not touched");
  }
  auto pins = PinDirectory::Open(directory, kNoPatience);
  if (!pins) return pins.error().In("stop nestord first");
  const Removal removal = pins->RemoveAll();
  out << "removed from the kernel: " << removal.links << " attached programs, " << removal.maps
      << " maps (" << directory << ")\n";
  for (const std::string& left : removal.left) out << "left: " << left << "\n";
  if (removal.left.empty()) return {};
  return Error::FailedPrecondition(std::to_string(removal.left.size()) + " things are left in " +
                                   directory);
}

// A nestord that ended well has none.
void RemoveSocket(const std::string& path, std::ostream& out) {
  if (unlink(path.c_str()) == 0) {
    out << "removed: " << path << "\n";
  } else if (errno != ENOENT) {
    out << "left: " << Error::FromErrno(path, errno).message << "\n";
  }
}

// The next start tells of the time between, also when it is a reinstallation: who wants neither
// removes them by hand.
void TellRecord(const std::string& directory, std::ostream& out) {
  if (directory.empty() || access(directory.c_str(), F_OK) != 0) return;
  out << "left: " << directory
      << ", the node's key and the last heartbeat: a next start tells of the "
      << "gap by them\n";
}

}  // namespace

Status Uninstall(const Config& config, std::ostream& out) {
  Status removed = RemovePins(config.probes.pin_directory, out);
  if (!removed) return removed;
  RemoveSocket(config.api.socket_path, out);
  TellRecord(config.record_directory, out);
  out << "left: settings, policies and programs, which belong to the package or to you\n";
  return {};
}

}  // namespace nestor
