/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "decide_file.bpf.h"
#include "guard.bpf.h"

/*
 * An overlay opens the file below for each of its own, which was judged already. One below another overlay that somebody mounted over the
 * image is judged all the same: its place in the image is what rules are about. Before 6.5 the lower file goes by the upper one's path.
 */
static __always_inline bool is_judged_above(const struct task_context *context, struct file *file)
{
	struct super_block *of_path = file->f_path.dentry->d_sb;

	if (file->f_inode->i_sb != of_path)
		return true;
	return (file->f_mode & FMODE_BACKING) && !is_of_image(context, of_path);
}

static __noinline int judge_open(const struct decision *decision, struct file *file)
{
	struct resolved path = subject_path_near(decision->context, file, decision->scratch->path);
	u32 mode = file->f_mode;
	struct file_act act = {
	    .access = ((mode & FMODE_READ) ? NESTOR_ACCESS_READ : 0) | ((mode & FMODE_WRITE) ? NESTOR_ACCESS_WRITE : 0),
	    .stage = NESTOR_STAGE_OPEN,
	};

	if (!find_by_path(decision->scratch, path, NESTOR_DFA_OPEN_PATH, decision->generation))
		return 0;
	act.mnt = BPF_CORE_READ(file, f_path.mnt);
	act.dentry = BPF_CORE_READ(file, f_path.dentry);
	return judge_accepted(decision, &act, path);
}

/*
 * Hook: lsm/file_open, for each open, io_uring's, too. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM, whoever
 * the reader is. The path is the opened file's own (subject_path): links, /proc/PID/root, chroots and bind mounts end at the same text.
 * Cost: nothing without file rules here, else one path. On failure (no room to work in): policy-state, refused.
 * It guards nestor's own files, too, in place of guard_open.
 */
SEC("lsm/file_open")
int FUNCTION_PROG(decide_open, struct file *file)
{
	struct decision decision;
	int ret = guard_opened(file);

	if (ret)
		return ret;
	if (!is_decided(&decision, NESTOR_RULE_OPEN) || is_judged_above(decision.context, file))
		return 0;
	decision.scratch = take_scratch();
	if (!decision.scratch)
		return -EPERM;
	ret = judge_open(&decision, file);
	leave_scratch(decision.scratch);
	return ret;
}
