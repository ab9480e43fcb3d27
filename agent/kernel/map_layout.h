// SPDX-License-Identifier: Apache-2.0
#ifndef NESTOR_AGENT_KERNEL_MAP_LAYOUT_H_
#define NESTOR_AGENT_KERNEL_MAP_LAYOUT_H_

#include <cstdint>
#include <functional>

struct bpf_map;
struct bpf_object;

namespace nestor {

// A hash of how the maps of an opened object are laid out: their names, kinds and sizes, each field
// of what they hold, the variables, and NESTOR_ABI_VERSION for changes of meaning that no layout
// shows. Programs of two builds may share maps when it is the same. `is_sized` names maps whose
// number of entries is a setting. Thread: any.
uint64_t LayoutOf(const bpf_object* object, const std::function<bool(const bpf_map*)>& is_sized);

}  // namespace nestor

#endif  // NESTOR_AGENT_KERNEL_MAP_LAYOUT_H_
