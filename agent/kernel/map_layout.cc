// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel/map_layout.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <string>
#include <string_view>

#include "bpf/abi.h"

namespace nestor {
namespace {

class Hash {
 public:
  void Add(std::string_view text) {
    for (const char byte : text) Byte(static_cast<uint8_t>(byte));
    Byte(0);
  }
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) Byte(static_cast<uint8_t>(number >> shift));
  }
  uint64_t value() const { return value_; }

 private:
  void Byte(uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3; }  // FNV-1a

  uint64_t value_ = 0xcbf29ce484222325;
};

void AddType(const btf* types, uint32_t id, Hash& hash);

void AddMembers(const btf* types, const btf_type* type, Hash& hash) {
  const btf_member* members = btf_members(type);
  for (uint32_t at = 0; at < btf_vlen(type); ++at) {
    hash.Add(btf__name_by_offset(types, members[at].name_off));
    hash.Add(btf_member_bit_offset(type, at));
    AddType(types, members[at].type, hash);
  }
}

void AddVariables(const btf* types, const btf_type* section, Hash& hash) {
  const btf_var_secinfo* variables = btf_var_secinfos(section);
  for (uint32_t at = 0; at < btf_vlen(section); ++at) {
    const btf_type* variable = btf__type_by_id(types, variables[at].type);
    hash.Add(btf__name_by_offset(types, variable->name_off));
    hash.Add(variables[at].offset);
    AddType(types, variable->type, hash);
  }
}

// Pointers are not followed: what they point to is the kernel's.
void AddType(const btf* types, uint32_t id, Hash& hash) {
  const int real = btf__resolve_type(types, id);
  const btf_type* type = real < 0 ? nullptr : btf__type_by_id(types, static_cast<uint32_t>(real));
  if (!type) return;
  hash.Add(btf_kind(type));
  if (btf_is_composite(type)) {
    hash.Add(type->size);
    AddMembers(types, type, hash);
  } else if (btf_is_array(type)) {
    hash.Add(btf_array(type)->nelems);
    AddType(types, btf_array(type)->type, hash);
  } else if (btf_is_datasec(type)) {
    AddVariables(types, type, hash);
  } else if (!btf_is_ptr(type)) {
    hash.Add(type->size);
  }
}

void AddMap(const btf* types, const bpf_map* map, bool sized, Hash& hash) {
  hash.Add(bpf_map__name(map));
  hash.Add(bpf_map__type(map));
  hash.Add(bpf_map__key_size(map));
  hash.Add(bpf_map__value_size(map));
  hash.Add(bpf_map__map_flags(map));
  if (!sized) hash.Add(bpf_map__max_entries(map));
  AddType(types, bpf_map__btf_key_type_id(map), hash);
  AddType(types, bpf_map__btf_value_type_id(map), hash);
}

}  // namespace

uint64_t LayoutOf(const bpf_object* object, const std::function<bool(const bpf_map*)>& is_sized) {
  Hash hash;
  hash.Add(NESTOR_ABI_VERSION);
  const btf* types = bpf_object__btf(object);
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (std::string_view(bpf_map__name(map)).ends_with(".rodata"))
      continue;  // each build has its own
    AddMap(types, map, is_sized(map), hash);
  }
  return hash.value();
}

}  // namespace nestor
