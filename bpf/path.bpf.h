/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A path as text, without bpf_d_path (which tracepoints may not call): from the file up to the root, written right to left.
 *
 * Cost: two reads a component, or one of those that a typed pointer leads to; one a mount. A path of more than MAX_COMPONENTS is cut at
 * the front and says so.
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

/* What a step needs of a mount. */
struct mount_head {
	struct mount *parent;
	struct dentry *mountpoint;
	struct dentry *root;
};

/* Where the walk is. A struct in the caller's frame, for bpf_loop verifies its body once instead of once a component. */
struct path_walk {
	struct mount *mount;
	struct mount_head of_mount;
	struct dentry *dentry;
	struct mount *root_mount;
	struct dentry *root_dentry;
	char *buffer;
	u32 at;       /* the first byte written so far */
	bool reached; /* the root: the path is whole */
};

#define DCACHE_DISCONNECTED 0x20 /* opened by handle: who is above is not known */

static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	return (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
}

/* In one read where they lie one behind the other, which is on all kernels so far: a read by helper costs more than what it reads. */
static __always_inline void read_mount(struct mount_head *head, struct mount *mount)
{
	const u32 parent = bpf_core_field_offset(struct mount, mnt_parent);

	if (bpf_core_field_offset(struct mount, mnt_mountpoint) == parent + offsetof(struct mount_head, mountpoint) &&
	    bpf_core_field_offset(struct mount, mnt.mnt_root) == parent + offsetof(struct mount_head, root)) {
		bpf_probe_read_kernel(head, sizeof(*head), (void *)mount + parent);
		return;
	}
	head->parent = BPF_CORE_READ(mount, mnt_parent);
	head->mountpoint = BPF_CORE_READ(mount, mnt_mountpoint);
	head->root = BPF_CORE_READ(mount, mnt.mnt_root);
}

static __always_inline long step_over_mount(struct path_walk *walk)
{
	struct mount *up = walk->of_mount.parent;

	if (up == walk->mount || !up) {
		walk->reached = true;
		return 1;
	}
	walk->dentry = walk->of_mount.mountpoint;
	walk->mount = up;
	read_mount(&walk->of_mount, up);
	return 0;
}

/* What a step needs of a dentry. */
struct dentry_head {
	struct dentry *parent;
	u32 hash;
	u32 len;
	const unsigned char *name;
};

/* In one read, as read_mount. */
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

	if (dentry == walk->root_dentry && walk->mount == walk->root_mount) {
		walk->reached = true;
		return 1;
	}
	if (dentry == walk->of_mount.root)
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
 * The same for as long as nothing is special: up to the root of the mount, or of the file system. The verifier knows what `dentry` points
 * to, so that its fields are loaded and not read by helper.
 */
static __always_inline long path_step_near(struct path_walk *walk, const u32 size)
{
	struct dentry *dentry = walk->dentry, *parent;
	u32 at = walk->at, len;

	if (dentry == walk->of_mount.root)
		return 1;
	parent = dentry->d_parent;
	if (parent == dentry) {
		walk->reached = dentry->d_sb->s_root == dentry;
		return 1;
	}
	len = dentry->d_name.len;
	if (len > MAX_NAME || len + 1 > at)
		return 1;
	at = (at - len - 1) & (size - 1);
	walk->buffer[at] = '/';
	if (bpf_probe_read_kernel(walk->buffer + at + 1, len & MAX_NAME, dentry->d_name.name))
		return 1;
	walk->at = at;
	walk->dentry = parent;
	return 0;
}

static long path_step_near_large(u32 index, void *walk)
{
	return path_step_near(walk, PATH_LARGE);
}

static __always_inline struct path_walk begin_walk_up(struct vfsmount *vfsmount, struct dentry *dentry, char *buffer, const u32 size)
{
	struct path_walk walk = {.mount = mount_of(vfsmount), .dentry = dentry, .buffer = buffer, .at = size - 1 - unknown_zero};

	if (vfsmount)
		read_mount(&walk.of_mount, walk.mount);
	return walk;
}

static __always_inline void walk_up(struct path_walk *walk, const u32 size)
{
	if (size == PATH_SMALL)
		bpf_loop(MAX_COMPONENTS, path_step_small, walk, 0);
	else if (size == PATH_MEDIUM)
		bpf_loop(MAX_COMPONENTS, path_step_medium, walk, 0);
	else
		bpf_loop(MAX_COMPONENTS, path_step_large, walk, 0);
}

static __always_inline struct resolved end_walk_up(struct path_walk *walk, const u32 size)
{
	struct resolved result;

	if (walk->at == size - 1) { /* the root itself */
		walk->at = size - 2;
		walk->buffer[size - 2] = '/';
	}
	result.offset = walk->at;
	result.len = size - 1 - walk->at;
	result.truncated = !walk->reached;
	return result;
}

/*
 * Writes the path of (mnt, dentry) as seen from `root` at the end of buffer[0..size). `size` is one of PATH_*; the buffer must have
 * MAX_NAME + 1 further bytes that may be touched (the verifier bounds position and length apart).
 * `root_mnt` NULL: up to the root of the mount tree. `vfsmount` NULL: up to the root of the file system.
 */
static __always_inline struct resolved path_resolve(struct vfsmount *vfsmount, struct dentry *dentry, struct vfsmount *root_mnt,
						    struct dentry *root_dentry, char *buffer, const u32 size)
{
	struct path_walk walk = begin_walk_up(vfsmount, dentry, buffer, size);

	walk.root_mount = mount_of(root_mnt);
	walk.root_dentry = root_dentry;
	walk_up(&walk, size);
	return end_walk_up(&walk, size);
}

/* The same up to the root of all, into a buffer of PATH_LARGE. The verifier must know what `dentry` points to. */
static __always_inline struct resolved path_resolve_near(struct vfsmount *vfsmount, struct dentry *dentry, char *buffer)
{
	struct path_walk walk = begin_walk_up(vfsmount, dentry, buffer, PATH_LARGE);

	bpf_loop(MAX_COMPONENTS, path_step_near_large, &walk, 0);
	if (!walk.reached)
		walk_up(&walk, PATH_LARGE);
	return end_walk_up(&walk, PATH_LARGE);
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
