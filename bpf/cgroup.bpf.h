/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which container a task is in: its nearest ancestor cgroup whose name holds a container id (64 hex digits, as every CRI runtime writes).
 */
#ifndef NESTOR_CGROUP_BPF_H
#define NESTOR_CGROUP_BPF_H

#include "context.bpf.h"

#define CGROUP_NAME 128
#define CONTAINER_ID_DIGITS 64

/* See unknown_zero in state.bpf.c: what is tested here comes from the index. */
struct name_scan {
	char name[CGROUP_NAME];
	u32 run_start; /* where the hex digits in a row up to here begin */
	u32 found;
};

static long scan_character(u32 index, void *argument)
{
	struct name_scan *scan = argument;
	u8 c = scan->name[index & (CGROUP_NAME - 1)];
	u32 hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

	if (!c)
		return 1;
	if (!hex)
		scan->run_start = index + 1;
	if (index + 1 < scan->run_start + CONTAINER_ID_DIGITS)
		return 0;
	scan->found = 1;
	return 1;
}

static __noinline bool is_container_name(const char *name)
{
	struct name_scan scan = {};

	if (bpf_probe_read_kernel_str(scan.name, sizeof(scan.name), name) < CONTAINER_ID_DIGITS)
		return false;
	bpf_loop(CGROUP_NAME, scan_character, &scan, 0);
	return scan.found;
}

/* Tells nestord the cgroup's name, from which it reads the container id. Sent once for each container. */
static __always_inline void announce_container(u64 id, const char *name)
{
	struct nestor_cgroup *record;
	long len;

	control_reserve_or(record, sizeof(*record), NESTOR_CGROUP, return);
	record->id = id;
	record->removed = 0;
	record->pad = 0;
	__builtin_memset(record->data, 0, sizeof(record->data));
	len = bpf_probe_read_kernel_str(record->data, sizeof(record->data), name);
	record->name.offset = 0;
	record->name.len = len > 0 ? len - 1 : 0;
	record->name.flags = len > 0 ? 0 : NESTOR_SPAN_UNREADABLE;
	ring_submit(record);
}

/* The device of the file system that is the task's root as a whole, as an overlay is. A part of one, as of the host's, tells nothing. */
static __always_inline u32 image_device(struct task_struct *task)
{
	struct dentry *root = BPF_CORE_READ(task, fs, root.dentry);
	struct super_block *sb = BPF_CORE_READ(root, d_sb);

	return BPF_CORE_READ(sb, s_root) == root ? BPF_CORE_READ(sb, s_dev) : 0;
}

/*
 * The container's cgroup id, 0 for the host. `first` becomes true when nobody was seen in this container before.
 * Cost: one map lookup a level; names are read only in cgroups that are not known as containers, and by the caller's cache only once a
 * task changed its cgroup.
 */
static __always_inline u64 find_container(struct task_struct *task, bool *first)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	struct nestor_container fresh = {};

	*first = false;
	for (int level = 0; level < MAX_CLIMB && cgroup; level++) {
		struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
		u64 id = BPF_CORE_READ(node, id);
		const char *name;

		if (bpf_map_lookup_elem(&containers, &id))
			return id;
		name = BPF_CORE_READ(node, name);
		if (is_container_name(name)) {
			long error;

			fresh.image_device = image_device(task);
			error = bpf_map_update_elem(&containers, &id, &fresh, BPF_NOEXIST);
			*first = !error;
			if (!error)
				announce_container(id, name);
			else if (!bpf_map_lookup_elem(&containers, &id))
				count_loss(NESTOR_LOSS_CONTAINER_TABLE); /* full; somebody else's insert would be there */
			return id;
		}
		cgroup = cgroup_parent(cgroup);
	}
	return 0;
}

#endif
