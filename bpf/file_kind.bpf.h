/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a program's file is: `is` and `from` of exec rules. Asked of the file itself, so that no name, link or mount says otherwise; but for
 * the loader, which nothing tells from other programs than its name, and what it does (decide_map.bpf.c).
 */
#ifndef NESTOR_FILE_KIND_BPF_H
#define NESTOR_FILE_KIND_BPF_H

#include "policy.bpf.h"

#define SB_KERNMOUNT (1U << 22)
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

struct suffix_scan {
	const char *name; /* in a scratch's chunk */
	u32 found;
};

/* ".so", and there the name ends or its version begins. */
static long scan_suffix(u32 index, void *argument)
{
	struct suffix_scan *scan = argument;
	const char *at = scan->name + (index & (CHUNK - 1));

	if (!at[0])
		return 1;
	if (at[0] != '.' || at[1] != 's' || at[2] != 'o' || (at[3] && at[3] != '.'))
		return 0;
	scan->found = 1;
	return 1;
}

/* ld-linux-x86-64.so.2, ld-2.31.so, ld-musl-x86_64.so.1, ld64.so.1; and libc.so, which is musl's where the others are links to it. */
static __always_inline bool is_loader_name(struct scratch *scratch, struct dentry *dentry)
{
	struct suffix_scan scan = {.name = scratch->chunk, .found = unknown_zero};
	const char *name = scratch->chunk;

	if (bpf_probe_read_kernel_str(scratch->chunk, CHUNK, BPF_CORE_READ(dentry, d_name.name)) <= 0)
		return false;
	if (name[0] != 'l')
		return false;
	if (name[1] == 'i')
		return name[2] == 'b' && name[3] == 'c' && name[4] == '.' && name[5] == 's' && name[6] == 'o' && !name[7];
	if (name[1] != 'd')
		return false;
	bpf_loop(CHUNK, scan_suffix, &scan, 0);
	return scan.found;
}

/* memfd_create's files are on a mount of the kernel's own, where nothing has a name. */
static __always_inline bool is_in_memory_only(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_parent) == dentry && (BPF_CORE_READ(dentry, d_sb, s_flags) & SB_KERNMOUNT);
}

/* The name it was opened by is gone, whatever others it has; or it never had one (O_TMPFILE). */
static __always_inline bool is_deleted(struct dentry *dentry, struct inode *inode)
{
	if (!BPF_CORE_READ(inode, i_nlink))
		return true;
	return BPF_CORE_READ(dentry, d_parent) != dentry && !BPF_CORE_READ(dentry, d_hash.pprev);
}

/* As the kernel asks: without the group's right to run it, set-group-ID means something else. */
static __always_inline bool is_setuid(u32 mode)
{
	return (mode & S_ISUID) || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

/*
 * The image's layers are the lower ones of the overlay that is the container's root. What was changed since, be it only in its rights, has
 * a file in the upper layer. 0: not known, for the root is no overlay.
 */
static __always_inline u32 file_origin(const struct task_context *context, struct dentry *dentry, struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(dentry, d_sb);
	struct dentry *upper;

	if (!context->image_device)
		return 0;
	if (context->image_device != BPF_CORE_READ(sb, s_dev))
		return NESTOR_FROM_ADDED;
	if (BPF_CORE_READ(sb, s_magic) != OVERLAYFS_SUPER_MAGIC || !overlay_upper(&upper, inode))
		return 0;
	return upper ? NESTOR_FROM_ADDED : NESTOR_FROM_IMAGE;
}

/*
 * NESTOR_IS_..., NESTOR_FROM_...; both of these: not known. By the dentry, for what is mapped from an overlay may have the inode below it.
 * A function to the verifier, too: what follows is not looked at once for each kind. So the dentry comes as a number.
 */
__noinline __weak int kind_of_file(struct task_context *context, struct scratch *scratch, u64 address)
{
	struct dentry *dentry = (void *)address;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	u32 kind;

	if (!context || !scratch)
		return 0xff; /* does not happen, and would count as all of it */
	kind = file_origin(context, dentry, inode);
	if (!kind)
		kind = NESTOR_FROM_ANY;
	if (is_in_memory_only(dentry))
		kind |= NESTOR_IS_MEMFD;
	else if (is_deleted(dentry, inode))
		kind |= NESTOR_IS_DELETED;
	if (is_loader_name(scratch, dentry))
		kind |= NESTOR_IS_LOADER;
	if (is_setuid(BPF_CORE_READ(inode, i_mode)))
		kind |= NESTOR_IS_SETUID;
	return kind;
}

#endif
