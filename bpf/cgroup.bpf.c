/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "crossing.bpf.h"
#include "turn.bpf.h"

/*
 * Hook: tp_btf/cgroup_rmdir, when a cgroup's directory goes. Lowest kernel: 5.5 (the tracepoint is older).
 * Forgets a container, and tells nestord so that it forgets its names and rules, too. Cost: one map lookup.
 * On failure (ring full): ring-control counts; the container's rules stay in a table until nestord restarts.
 */
SEC("tp_btf/cgroup_rmdir")
int TRACEPOINT_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	struct nestor_cgroup *record;
	u64 id = BPF_CORE_READ(cgroup, kn, id), mount_tree;
	struct nestor_container *container = bpf_map_lookup_elem(&containers, &id);

	if (!container)
		return 0;
	mount_tree = container->mount_tree;
	bpf_map_delete_elem(&namespace_owners, &mount_tree);
	if (bpf_map_delete_elem(&containers, &id))
		return 0;
	control_reserve_or(record, sizeof(*record), NESTOR_CGROUP, return 0);
	record->id = id;
	record->removed = 1;
	record->pad = 0;
	record->name.offset = 0;
	record->name.len = 0;
	record->name.flags = 0;
	__builtin_memset(record->data, 0, sizeof(record->data));
	ring_submit(record);
	return 0;
}
