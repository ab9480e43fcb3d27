/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A path as text, without bpf_d_path (which tracepoints may not call): from the file up to the root, written right to left.
 *
 * Cost: five reads a component. A path of more than MAX_COMPONENTS is cut at the front and says so.
 */
#ifndef NESTOR_PATH_BPF_H
#define NESTOR_PATH_BPF_H

#include "abi.h"
#include "compat.bpf.h"
#include <bpf/bpf_core_read.h>

#define PATH_SMALL 256
#define PATH_MEDIUM 1024
#define PATH_LARGE NESTOR_PATH_BYTES

#define MAX_COMPONENTS 256
#define MAX_NAME 255

extern u32 unknown_zero; /* state.bpf.c */

struct resolved {
	u32 offset; /* of the first byte in the buffer */
	u32 len;
	bool truncated;
};

/* Where the walk is. A struct in the caller's frame, for bpf_loop verifies its body once instead of once a component. */
struct path_walk {
	struct vfsmount *vfsmount;
	struct mount *mount;
	struct dentry *dentry;
	struct dentry *mnt_root;
	struct vfsmount *root_mnt;
	struct dentry *root_dentry;
	char *buffer;
	u32 at;       /* the first byte written so far */
	bool reached; /* the root: the path is whole */
};

#define DCACHE_DISCONNECTED 0x20 /* opened by handle: who is above is not known */

static __always_inline long step_over_mount(struct path_walk *walk)
{
	struct mount *mount = walk->mount; /* a local: BPF_CORE_READ would relocate the walk's own field */
	struct mount *up = BPF_CORE_READ(mount, mnt_parent);

	if (up == mount || !up) {
		walk->reached = true;
		return 1;
	}
	walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	walk->mount = up;
	walk->vfsmount = (void *)up + bpf_core_field_offset(struct mount, mnt);
	walk->mnt_root = BPF_CORE_READ(up, mnt.mnt_root);
	return 0;
}

/* What a step needs of a dentry. */
struct dentry_head {
	struct dentry *parent;
	u32 hash;
	u32 len;
	const unsigned char *name;
};

/* In one read where they lie one behind the other, which is on all kernels so far: a read by helper costs more than what it reads. */
static __always_inline bool read_dentry(struct dentry_head *head, struct dentry *dentry)
{
	const u32 parent = bpf_core_field_offset(struct dentry, d_parent);

	if (bpf_core_field_offset(struct dentry, d_name.len) == parent + offsetof(struct dentry_head, len) &&
	    bpf_core_field_offset(struct dentry, d_name.name) == parent + offsetof(struct dentry_head, name))
		return !bpf_probe_read_kernel(head, sizeof(*head), (void *)dentry + parent);
	head->parent = BPF_CORE_READ(dentry, d_parent);
	head->len = BPF_CORE_READ(dentry, d_name.len);
	head->name = BPF_CORE_READ(dentry, d_name.name);
	return true;
}

/* A root's name is "/" and no part of the text; what is under no root, as a memfd, has one of its own. */
static __always_inline bool is_name_of_root(struct dentry *dentry, u32 len)
{
	char first = 0;

	if (len > 1)
		return false;
	bpf_probe_read_kernel(&first, sizeof(first), BPF_CORE_READ(dentry, d_name.name));
	return !first || first == '/';
}

static __always_inline long path_step(struct path_walk *walk, const u32 size)
{
	struct dentry *dentry = walk->dentry;
	struct dentry_head head;
	u32 at = walk->at;
	u32 len;

	if (dentry == walk->root_dentry && walk->vfsmount == walk->root_mnt) {
		walk->reached = true;
		return 1;
	}
	if (dentry == walk->mnt_root)
		return step_over_mount(walk);
	if (!read_dentry(&head, dentry))
		return 1;
	len = head.len;
	if (len > MAX_NAME || len + 1 > at)
		return 1;
	if (head.parent == dentry && is_name_of_root(dentry, len)) {
		walk->reached = !(BPF_CORE_READ(dentry, d_flags) & DCACHE_DISCONNECTED);
		return 1;
	}
	at = (at - len - 1) & (size - 1);
	walk->buffer[at] = '/';
	if (bpf_probe_read_kernel(walk->buffer + at + 1, len & MAX_NAME, head.name))
		return 1;
	walk->at = at;
	if (head.parent == dentry) { /* not under any root: a memfd, a detached tree */
		walk->reached = true;
		return 1;
	}
	walk->dentry = head.parent;
	return 0;
}

static long path_step_small(u32 index, void *walk)
{
	return path_step(walk, PATH_SMALL);
}

static long path_step_medium(u32 index, void *walk)
{
	return path_step(walk, PATH_MEDIUM);
}

static long path_step_large(u32 index, void *walk)
{
	return path_step(walk, PATH_LARGE);
}

/*
 * Writes the path of (mnt, dentry) as seen from `root` at the end of buffer[0..size). `size` is one of PATH_*; the buffer must have
 * MAX_NAME + 1 further bytes that may be touched (the verifier bounds position and length apart).
 * `root_mnt` NULL: up to the root of the mount tree.
 */
static __always_inline struct resolved path_resolve(struct vfsmount *vfsmount, struct dentry *dentry, struct vfsmount *root_mnt,
						    struct dentry *root_dentry, char *buffer, const u32 size)
{
	struct path_walk walk = {
	    .vfsmount = vfsmount,
	    .mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt),
	    .dentry = dentry,
	    .mnt_root = BPF_CORE_READ(vfsmount, mnt_root),
	    .root_mnt = root_mnt,
	    .root_dentry = root_dentry,
	    .buffer = buffer,
	    .at = size - 1 - unknown_zero,
	};
	struct resolved result;

	if (size == PATH_SMALL)
		bpf_loop(MAX_COMPONENTS, path_step_small, &walk, 0);
	else if (size == PATH_MEDIUM)
		bpf_loop(MAX_COMPONENTS, path_step_medium, &walk, 0);
	else
		bpf_loop(MAX_COMPONENTS, path_step_large, &walk, 0);
	if (walk.at == size - 1) { /* the root itself */
		walk.at = size - 2;
		buffer[size - 2] = '/';
	}
	result.offset = walk.at;
	result.len = size - 1 - walk.at;
	result.truncated = !walk.reached;
	return result;
}

static __always_inline struct resolved path_of(struct path *path, struct task_struct *task, char *buffer, const u32 size)
{
	struct vfsmount *mnt = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct vfsmount *root_mnt = BPF_CORE_READ(task, fs, root.mnt);
	struct dentry *root_dentry = BPF_CORE_READ(task, fs, root.dentry);

	return path_resolve(mnt, dentry, root_mnt, root_dentry, buffer, size);
}

#endif
