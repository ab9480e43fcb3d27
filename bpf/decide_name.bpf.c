/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is done to a file by its name, without opening it. Hooks: lsm/path_*, which know the mount (lsm/inode_* do not) and which a file
 * system's own work on layers below does not pass. Lowest kernel: 5.19 (path_rename's flags), with CONFIG_SECURITY_PATH. Need BPF among
 * the active LSMs. Refuse with EPERM. Cost: nothing without file rules here, else one path a name. On failure (no room to work in):
 * policy-state, refused.
 */
#include "decide_file.bpf.h"

#define RENAME_EXCHANGE 2
#define S_IFDIR 0040000

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

/* What rules have to say of all that is below a directory. */
struct below {
	u32 state; /* of the automaton; the same one: those that are not hit say the same of each name below */
	u32 hit;   /* not 0: some match whatever is below; or it is not known */
};

/* Fills scratch->by_path: the rules that may match something. */
static __always_inline struct below look_below(struct scratch *scratch, struct resolved path, u64 generation)
{
	struct path_run run = {.scratch = scratch, .generation = generation, .at = path.offset, .hit = unknown_zero};
	struct below below = {.state = unknown_zero, .hit = 1};
	u32 set = NESTOR_SET_ALL;

	scratch->path[PATH_LARGE - 1] = '/'; /* behind the path's end */
	if (!path.truncated && dfa_begin(&run.dfa, NESTOR_DFA_OPEN_PATH, generation)) {
		run.dfa.left = path.len + 1;
		read_path(&run);
		below.state = run.dfa.state;
		below.hit = run.hit;
		set = dfa_reaches(&run.dfa);
	}
	add_by_path(scratch, set, run.hit, generation);
	return below;
}

static __always_inline bool is_directory(struct dentry *dentry)
{
	return (BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT) == S_IFDIR;
}

/* A directory that is renamed takes all below it from under the rules for it. */
static __always_inline int judge_moved(const struct decision *decision, const struct file_act *from, const struct file_act *to)
{
	struct scratch *scratch = decision->scratch;
	struct resolved path = subject_path(decision->context, to->mnt, to->dentry, scratch->path);
	struct below after = look_below(scratch, path, decision->generation), before;

	path = subject_path(decision->context, from->mnt, from->dentry, scratch->path);
	before = look_below(scratch, path, decision->generation);
	if (before.state == after.state && !before.hit && !after.hit)
		return 0;
	return judge_accepted(decision, from, path);
}

static __always_inline int decide_directory(const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry)
{
	const struct file_act source = {
	    .mnt = BPF_CORE_READ(from, mnt),
	    .dentry = old,
	    .access = ACCESS_RENAMED,
	    .stage = NESTOR_STAGE_RENAME,
	};
	const struct file_act target = {.mnt = BPF_CORE_READ(to, mnt), .dentry = dentry};
	struct decision decision;
	int ret;

	if (!is_directory(old) || !begin_decision(&decision, NESTOR_RULE_OPEN))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	ret = judge_moved(&decision, &source, &target);
	leave_scratch(decision.scratch);
	return ret;
}

SEC("lsm/path_rename")
int FUNCTION_PROG(decide_rename, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry,
		  unsigned int flags)
{
	u32 access = (flags & RENAME_EXCHANGE) ? ACCESS_RENAMED : NESTOR_ACCESS_WRITE;
	int ret = decide_on(from, old, ACCESS_RENAMED, NESTOR_STAGE_RENAME);

	return ret ? ret : decide_on(to, dentry, access, NESTOR_STAGE_RENAME);
}

/* What is below a directory: programs of their own, for together they need more stack than there is. */
SEC("lsm/path_rename")
int FUNCTION_PROG(decide_rename_below, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry)
{
	return decide_directory(from, old, to, dentry);
}

SEC("lsm/path_rename")
int FUNCTION_PROG(decide_exchange_below, const struct path *from, struct dentry *old, const struct path *to, struct dentry *dentry,
		  unsigned int flags)
{
	return (flags & RENAME_EXCHANGE) ? decide_directory(to, dentry, from, old) : 0;
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
