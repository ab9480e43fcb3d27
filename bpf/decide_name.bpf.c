/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done to a file by its name, without opening it. Hooks: lsm/path_*, which know the mount (lsm/inode_* do not) and which a file
 * system's own work on layers below does not pass. Lowest kernel: 5.19 (path_rename's flags), with CONFIG_SECURITY_PATH. Need BPF among
 * the active LSMs. Refuse with EPERM. Cost: nothing without file rules here, else one path a name. On failure (no room to work in):
 * policy-state, refused.
 */
#include "decide_file.bpf.h"

#define RENAME_EXCHANGE 2

static __always_inline int decide_on(const struct path *directory, struct dentry *dentry, u32 access, u8 stage)
{
	const struct file_act act = {.mnt = BPF_CORE_READ(directory, mnt), .dentry = dentry, .access = access, .stage = stage};

	return decide_file(&act);
}

static __always_inline int decide_on_path(const struct path *path, u8 stage)
{
	return decide_on(path, BPF_CORE_READ(path, dentry), NESTOR_ACCESS_WRITE, stage);
}

/* The old name and the new directory are on one mount, else link(2) fails with EXDEV before this. */
SEC("lsm/path_link")
int FUNCTION_PROG(decide_link, struct dentry *old, const struct path *directory, struct dentry *dentry)
{
	int ret = decide_on(directory, old, ACCESS_RENAMED, NESTOR_STAGE_LINK);

	return ret ? ret : decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_CREATE);
}

SEC("lsm/path_rename")
int FUNCTION_PROG(decide_rename, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry,
		  unsigned int flags)
{
	u32 access = (flags & RENAME_EXCHANGE) ? ACCESS_RENAMED : NESTOR_ACCESS_WRITE;
	int ret = decide_on(from, old, ACCESS_RENAMED, NESTOR_STAGE_RENAME);

	return ret ? ret : decide_on(to, dentry, access, NESTOR_STAGE_RENAME);
}

SEC("lsm/path_unlink")
int FUNCTION_PROG(decide_unlink, const struct path *directory, struct dentry *dentry)
{
	return decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_REMOVE);
}

SEC("lsm/path_rmdir")
int FUNCTION_PROG(decide_rmdir, const struct path *directory, struct dentry *dentry)
{
	return decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_REMOVE);
}

/* Also open(2) with O_CREAT: an open that is refused later would leave an empty file. */
SEC("lsm/path_mknod")
int FUNCTION_PROG(decide_mknod, const struct path *directory, struct dentry *dentry)
{
	return decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_CREATE);
}

SEC("lsm/path_mkdir")
int FUNCTION_PROG(decide_mkdir, const struct path *directory, struct dentry *dentry)
{
	return decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_CREATE);
}

SEC("lsm/path_symlink")
int FUNCTION_PROG(decide_symlink, const struct path *directory, struct dentry *dentry)
{
	return decide_on(directory, dentry, NESTOR_ACCESS_WRITE, NESTOR_STAGE_CREATE);
}

SEC("lsm/path_truncate")
int FUNCTION_PROG(decide_truncate, const struct path *path)
{
	return decide_on_path(path, NESTOR_STAGE_TRUNCATE);
}

SEC("lsm/path_chmod")
int FUNCTION_PROG(decide_chmod, const struct path *path)
{
	return decide_on_path(path, NESTOR_STAGE_ATTRIBUTES);
}

SEC("lsm/path_chown")
int FUNCTION_PROG(decide_chown, const struct path *path)
{
	return decide_on_path(path, NESTOR_STAGE_ATTRIBUTES);
}
