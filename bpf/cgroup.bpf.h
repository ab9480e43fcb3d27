/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which container a cgroup belongs to: the outermost one above it whose name holds a container id (64 hex digits, as every CRI runtime
 * writes). The runtime puts containers side by side; what is called so below one was made in there, by an engine inside a container or by
 * somebody who would be another one, and stays that container's.
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

#define MAX_CONTAINER_LEVEL 32 /* a container's own cgroup is no deeper below the root; what is below it is as deep as it likes */

extern const volatile u64 top_cgroup; /* state.bpf.c */
extern u32 unknown_zero;

/* From the root down to a task's cgroup. */
struct cgroup_walk {
	struct cgroup *cgroup; /* the task's */
	u32 level;             /* its own */
	u32 inside;            /* top_cgroup was passed */
	u64 found;             /* out: the container's cgroup id; 0: the host */
	const char *name;      /* out: of a container that is in no table yet, in kernel memory; NULL: it is in one */
};

static long look_at_cgroup(u32 level, void *argument)
{
	struct cgroup_walk *walk = argument;
	struct cgroup *cgroup = NULL;
	struct kernfs_node *node;
	const char *name;
	u64 id;

	if (level > walk->level)
		return 1;
	bpf_probe_read_kernel(&cgroup, sizeof(cgroup),
			      (void *)walk->cgroup + bpf_core_field_offset(struct cgroup, ancestors) + level * sizeof(cgroup));
	node = BPF_CORE_READ(cgroup, kn);
	id = BPF_CORE_READ(node, id);
	if (id == top_cgroup) {
		walk->inside = 1;
		return 0;
	}
	if (!walk->inside)
		return 0;
	if (bpf_map_lookup_elem(&containers, &id)) {
		walk->found = id;
		return 1;
	}
	name = BPF_CORE_READ(node, name);
	if (!is_container_name(name))
		return 0;
	walk->found = id;
	walk->name = name;
	return 1;
}

/*
 * Cost: one map lookup a level; names are read only in cgroups that are not known as containers, and by the caller's cache only once a
 * task changed its cgroup.
 */
static __noinline __maybe_unused void find_container(struct cgroup_walk *walk, struct task_struct *task)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);

	if (!walk)
		return;
	walk->cgroup = cgroup;
	walk->level = BPF_CORE_READ(cgroup, level);
	walk->inside = unknown_zero; /* see "What the verifier taught", 1 and 9 */
	walk->found = unknown_zero;
	walk->name = (const char *)(u64)unknown_zero;
	bpf_loop(MAX_CONTAINER_LEVEL, look_at_cgroup, walk, 0);
}

/* True: nobody was seen in this container before, and this task is the first one. */
static __always_inline bool begin_container(struct cgroup_walk *walk, struct task_struct *task)
{
	struct nestor_container fresh = {};
	u64 id = walk->found;

	if (!walk->name)
		return false;
	fresh.image_device = image_device(task);
	if (!bpf_map_update_elem(&containers, &id, &fresh, BPF_NOEXIST)) {
		announce_container(id, walk->name);
		return true;
	}
	if (!bpf_map_lookup_elem(&containers, &id))
		count_loss(NESTOR_LOSS_CONTAINER_TABLE); /* full; somebody else's insert would be there */
	return false;
}

#endif
