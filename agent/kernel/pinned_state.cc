// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/pinned_state.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <thread>

#include "agent/base/unique_fd.h"
#include "agent/kernel/hooks.h"
#include "agent/kernel/map_layout.h"

namespace nestor {
namespace {

constexpr int kPatienceMs = 3000;  // for a nestord that is being ended just now
constexpr uint64_t kTakingOver = uint64_t{1} << 63;
// A task that waits for its CPU between the programs of two instances goes on within this time.
constexpr auto kHandover = std::chrono::milliseconds(50);

// The name of a map's pin; "": it belongs to one load of the programs and is never shared.
std::string PinName(const bpf_map* map) {
  const std::string_view name = bpf_map__name(map);
  if (!bpf_map__is_internal(map)) return std::string(name);
  // Variables, as "nestor_s.bss"; a BPF file system takes no dots.
  const std::string_view section = name.substr(name.rfind('.') + 1);
  return section == "bss" || section == "data" ? std::string(section) : std::string();
}

void Say(volatile uint64_t* word, uint64_t value) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  *word = value;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace

Result<std::unique_ptr<PinnedState>> PinnedState::Open(
    const std::string& directory, bpf_object* object,
    const std::function<bool(const bpf_map*)>& is_sized) {
  auto pins = PinDirectory::Open(directory, kPatienceMs);
  if (!pins) return pins.error();
  std::vector<std::string> names;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (std::string name = PinName(map); !name.empty()) names.push_back(std::move(name));
  }
  if (Status used = pins->Use(LayoutOf(object, is_sized), names); !used) return used.error();
  std::unique_ptr<PinnedState> state(new PinnedState(std::move(*pins)));
  if (Status pinned = state->PinMaps(object, is_sized); !pinned) return pinned.error();
  state->replaces_other_ = !state->continued() && !state->pins_.Others().empty();
  if (state->replaces_other_) {
    state->warnings_.push_back(
        "what another build of nestord left in " + directory +
        " does not fit this one: chains begin anew, what runs is pre-existing");
  }
  return state;
}

Status PinnedState::PinMaps(bpf_object* object,
                            const std::function<bool(const bpf_map*)>& is_sized) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string name = PinName(map);
    if (name.empty()) continue;
    if (continued() && is_sized(map)) {
      if (Status kept = KeepSize(map, name); !kept) return kept;
    }
    if (int error = bpf_map__set_pin_path(map, pins_.MapPath(name).c_str())) {
      return Error::FromErrno("pin map " + name, -error);
    }
  }
  return {};
}

Status PinnedState::KeepSize(bpf_map* map, const std::string& name) {
  const std::string path = pins_.MapPath(name);
  const UniqueFd fd(bpf_obj_get(path.c_str()));
  if (!fd.ok()) return Error::FromErrno("open " + path, errno);
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0) {
    return Error::FromErrno("look at " + path, errno);
  }
  if (info.max_entries == bpf_map__max_entries(map)) return {};
  warnings_.push_back("the size of `" + name + "` is set to " +
                      std::to_string(bpf_map__max_entries(map)) + " and stays at " +
                      std::to_string(info.max_entries) + " until `nestord --uninstall`");
  bpf_map__set_max_entries(map, info.max_entries);
  return {};
}

void PinnedState::Settle(TurnWords turn) {
  const uint64_t active = *turn.active & ~kTakingOver;
  Say(turn.active, active);
  Say(turn.next, 0);
  for (const uint64_t instance : pins_.Instances()) {
    if (instance != active) pins_.RemoveInstance(instance);
  }
}

Status PinnedState::PinLink(bpf_link* link, const std::string& program, uint64_t instance) {
  if (Status made = pins_.MakeInstance(instance); !made) return made;
  const std::string path = pins_.LinkPath(instance, program);
  if (int error = bpf_link__pin(link, path.c_str())) return Error::FromErrno("pin " + path, -error);
  return {};
}

uint64_t MissedRunsOf(int program_fd) {
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(program_fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

uint64_t PinnedState::MissedRuns(uint64_t instance) const {
  uint64_t missed = 0;
  for (const std::string& path : pins_.Links(instance)) {
    // A second program that is left out loses nothing: the first one ran or is counted.
    if (IsSecond(path.substr(path.rfind('/') + 1))) continue;
    const UniqueFd link(bpf_obj_get(path.c_str()));
    bpf_link_info info{};
    uint32_t size = sizeof(info);
    if (!link.ok() || bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0) continue;
    const UniqueFd program(bpf_prog_get_fd_by_id(info.prog_id));
    if (program.ok()) missed += MissedRunsOf(program.get());
  }
  return missed;
}

uint64_t PinnedState::TakeOver(TurnWords turn, uint64_t instance) {
  const uint64_t before = *turn.active;
  if (pins_.HasLinks(before)) {
    Say(turn.next, instance);
    Say(turn.active, before | kTakingOver);
    std::this_thread::sleep_for(kHandover);
  }
  Say(turn.active, instance);
  Say(turn.next, 0);
  const uint64_t missed = MissedRuns(before);
  for (const uint64_t other : pins_.Instances()) {
    if (other != instance) pins_.RemoveInstance(other);
  }
  for (const std::string& left : pins_.RemoveOthers().left)
    warnings_.push_back("not removed: " + left);
  return missed;
}

}  // namespace nestor
