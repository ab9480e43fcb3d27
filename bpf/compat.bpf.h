/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every kernel difference, in one place: what changed, in which version and commit, when the old side can go. */
#ifndef NESTOR_COMPAT_BPF_H
#define NESTOR_COMPAT_BPF_H

#include "kernel_types.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The parent of a cgroup by its css and not by kernfs: kernfs_node.parent became __parent in 6.15 (commit 633488947ef6), while
 * cgroup.self.parent is the same in every kernel from 6.1 on. A css lies inside its cgroup at an offset that CO-RE knows.
 */
static __always_inline struct cgroup *cgroup_parent(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *parent = BPF_CORE_READ(cgroup, self.parent);

	if (!parent)
		return NULL;
	return (void *)parent - bpf_core_field_offset(struct cgroup, self);
}

/* The path of a unix socket's address follows the struct; its name field is `struct sockaddr_un name[]` in every kernel from 6.1 on. */
struct unix_address___name {
	int len;
	struct {
		unsigned short sun_family;
		char sun_path[108];
	} name[0];
} __attribute__((preserve_access_index));

/*
 * What an overlay keeps of a file in its upper layer: NULL for one that is as the layers below have it. Right behind the inode in every
 * kernel from 4.13 to 6.18 (commit 09d8b586731b). Where overlayfs is a module whose types are there, its own word counts.
 */
static __always_inline bool overlay_upper(struct dentry **upper, struct inode *inode)
{
	if (bpf_core_field_exists(struct ovl_inode, __upperdentry))
		return !bpf_probe_read_kernel(upper, sizeof(*upper),
					      (void *)inode - bpf_core_field_offset(struct ovl_inode, vfs_inode) +
						  bpf_core_field_offset(struct ovl_inode, __upperdentry));
	return !bpf_probe_read_kernel(upper, sizeof(*upper), (void *)inode + bpf_core_type_size(struct inode));
}

/* pid numbers are an array that grows with the namespace level; [1] before 6.6, [] since (commit b69f0aeb0689): index by size, not by type.
 */
static __always_inline void *own_upid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);

	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

static __always_inline u32 pid_in_own_namespace(struct task_struct *task)
{
	u32 number = 0;

	bpf_core_read(&number, sizeof(number), own_upid(task));
	return number;
}

static __always_inline u32 own_pid_namespace(struct task_struct *task)
{
	struct pid_namespace *namespace = NULL;

	bpf_core_read(&namespace, sizeof(namespace), own_upid(task) + bpf_core_field_offset(struct upid, ns));
	return BPF_CORE_READ(namespace, ns.inum);
}

/*
 * What tells one mount namespace from all others of this boot. Its inode number does not: the next namespace gets the lowest that is free.
 * Before 6.18 the count that keeps namespaces out of themselves; since then the kernel's own id of any namespace. 0: it is in no tree.
 */
static __always_inline u64 mount_tree_id(struct mnt_namespace *tree)
{
	if (bpf_core_field_exists(struct mnt_namespace, seq))
		return BPF_CORE_READ(tree, seq);
	return BPF_CORE_READ(tree, ns.ns_id);
}

#define FMODE_BACKING (1U << 25)

/*
 * The path that a file was opened by. What is mapped from an overlay has, from 6.7 on (commit def3ae83da02), that of the file below it, and
 * the user's beside it. Can go with 6.6.
 */
static __always_inline struct path *path_opened(struct file *file)
{
	if (bpf_core_field_exists(struct backing_file, user_path) && (BPF_CORE_READ(file, f_mode) & FMODE_BACKING))
		return (void *)file + bpf_core_field_offset(struct backing_file, user_path);
	return (void *)file + bpf_core_field_offset(struct file, f_path);
}

#endif
