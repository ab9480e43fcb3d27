// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/guard_table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/kernel/pin_directory.h"

namespace nestor {
namespace {

// As the kernel has it inside (MKDEV): not what stat gives.
uint32_t KernelDevice(dev_t device) { return major(device) << 20 | minor(device); }

template <typename Info>
uint32_t IdOf(int fd, uint32_t Info::* id) {
  Info info{};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.*id : 0;
}

bool Same(const nestor_guarded& a, const nestor_guarded& b) {
  return a.number == b.number && a.device == b.device && a.kind == b.kind;
}

}  // namespace

std::vector<nestor_guarded> GuardedThings(bpf_object* maps, const std::vector<Program>& programs,
                                          const std::vector<bpf_link*>& links,
                                          const std::vector<std::string>& paths) {
  std::vector<nestor_guarded> things;
  const auto add = [&things](uint64_t number, uint32_t device, uint32_t kind) {
    if (number || device) things.push_back({number, device, kind});
  };
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, maps)
      add(IdOf(bpf_map__fd(map), &bpf_map_info::id), 0, NESTOR_GUARDED_MAP);
  for (const Program& program : programs) {
    if (program.loaded)
      add(IdOf(bpf_program__fd(program.loaded), &bpf_prog_info::id), 0, NESTOR_GUARDED_PROGRAM);
  }
  for (const bpf_link* link : links)
    add(IdOf(bpf_link__fd(link), &bpf_link_info::id), 0, NESTOR_GUARDED_LINK);
  for (const std::string& path : paths) {
    struct stat found{};
    if (path.empty() || stat(path.c_str(), &found) != 0) continue;
    const uint32_t device = KernelDevice(found.st_dev);
    add(found.st_ino, device, NESTOR_GUARDED_FILE);
    add(0, device, NESTOR_GUARDED_DEVICE);
    if (IsInBpfFilesystem(path)) add(0, device, NESTOR_GUARDED_MOUNT);
  }
  return things;
}

Status WriteGuarded(int table_fd, const std::vector<nestor_guarded>& things) {
  const uint8_t yes = 1;
  for (const nestor_guarded& thing : things) {
    if (bpf_map_update_elem(table_fd, &thing, &yes, BPF_ANY) != 0)
      return Error::FromErrno("write the table of what is guarded", errno);
  }
  std::vector<nestor_guarded> old;
  nestor_guarded key{};
  for (void* at = nullptr; bpf_map_get_next_key(table_fd, at, &key) == 0; at = &key) {
    const auto same = [&key](const nestor_guarded& thing) { return Same(thing, key); };
    if (std::none_of(things.begin(), things.end(), same)) old.push_back(key);
  }
  for (const nestor_guarded& thing : old) bpf_map_delete_elem(table_fd, &thing);
  return {};
}

}  // namespace nestor
