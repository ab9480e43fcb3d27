/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may touch what nestor keeps, and what is said to who may not: for guard.bpf.c, and for decide_open, which guards opens, too. */
#ifndef NESTOR_GUARD_BPF_H
#define NESTOR_GUARD_BPF_H

#include "cgroup.bpf.h"
#include "path.bpf.h"

#define MAX_GUARDED_DEPTH 16
#define CAP_SYS_ADMIN 21

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct nestor_guarded);
	__type(value, u8);
} guarded __weak SEC(".maps");

extern u32 guard_tgid;
extern u64 guard_start_ns;
extern u32 guard_level;
extern u64 guard_container;

static __always_inline bool is_root_on_host(struct task_struct *task)
{
	u64 permitted = 0;

	if (BPF_CORE_READ(task, thread_pid, level) != 0)
		return false;
	bpf_core_read(&permitted, sizeof(permitted), &task->cred->cap_permitted);
	return permitted & (1ULL << CAP_SYS_ADMIN);
}

/* NULL: it may do as it likes. */
static __always_inline struct task_context *stranger(struct task_struct *task)
{
	struct task_context *context;

	if (!guard_level)
		return NULL;
	context = find_context(task);
	if (!context || !context->container || context->container == guard_container || is_root_on_host(task))
		return NULL;
	return context;
}

static __always_inline int refuse(struct task_struct *task, struct task_context *context, const struct nestor_guarded *target, u32 detail,
				  struct dentry *dentry)
{
	bool refused = guard_level >= NESTOR_PROTECT_REFUSE;
	struct nestor_guard *record;
	long len;

	verdict_reserve_or(record, sizeof(*record), NESTOR_GUARD, return refused ? -EPERM : 0);
	__builtin_memset((void *)record + sizeof(record->hdr), 0, sizeof(*record) - sizeof(record->hdr));
	fill_actor(&record->actor, task, context);
	record->target = *target;
	record->detail = detail;
	record->applied = refused;
	len = dentry ? bpf_probe_read_kernel_str(record->data, sizeof(record->data), BPF_CORE_READ(dentry, d_name.name)) : 0;
	record->name.len = len > 0 ? len - 1 : 0;
	ring_submit(record);
	return refused ? -EPERM : 0;
}

struct guard_walk {
	struct dentry *dentry;
	struct nestor_guarded key;
	u32 found;
};

static long guard_step(u32 index, void *argument)
{
	struct guard_walk *walk = argument;
	struct dentry *dentry = walk->dentry;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	walk->key.number = BPF_CORE_READ(inode, i_ino);
	if (inode && bpf_map_lookup_elem(&guarded, &walk->key)) {
		walk->found = 1;
		return 1;
	}
	walk->dentry = parent;
	return !parent || parent == dentry;
}

static __noinline int guard_dentry(struct dentry *dentry)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = stranger(task);
	struct guard_walk walk = {.dentry = dentry, .found = unknown_zero};

	if (!context)
		return 0;
	walk.key.device = BPF_CORE_READ(dentry, d_sb, s_dev);
	walk.key.kind = NESTOR_GUARDED_DEVICE;
	if (!bpf_map_lookup_elem(&guarded, &walk.key)) /* as a rule: nothing of the walk is needed */
		return 0;
	walk.key.kind = NESTOR_GUARDED_FILE;
	bpf_loop(MAX_GUARDED_DEPTH, guard_step, &walk, 0);
	return walk.found ? refuse(task, context, &walk.key, 0, dentry) : 0;
}

/* What is only read may be read by all who can. */
static __always_inline int guard_opened(struct file *file)
{
	return (file->f_mode & FMODE_WRITE) ? guard_dentry(BPF_CORE_READ(file, f_path.dentry)) : 0;
}

#endif
