/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy.bpf.h"
#include "turn.bpf.h"

static __always_inline struct resolved path_opened(struct file *file, struct scratch *scratch)
{
	return path_resolve(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), NULL, NULL, scratch->path, PATH_LARGE);
}

static __always_inline int judge_open(struct task_struct *task, struct task_context *context, u64 generation, struct file *file,
				      struct scratch *scratch)
{
	struct resolved path = path_opened(file, scratch);
	struct judgement judgement = {};
	u32 accepted = NESTOR_SET_ALL;
	u32 mode;

	if (path.truncated)
		judgement.unseen = NESTOR_SEES_PATH;
	else
		accepted = match_path(scratch, path, NESTOR_DFA_OPEN_PATH, generation);
	if (accepted == NESTOR_SET_NONE)
		return 0;
	if (!match_rules(&judgement, scratch, context->container, generation, NESTOR_RULE_OPEN, accepted, &scratch->argv, true))
		return 0;
	if (judgement.asks_executable) {
		if (!spare_executable(&judgement, task, scratch, generation))
			return 0;
		path = path_opened(file, scratch);
	}
	mode = BPF_CORE_READ(file, f_mode);
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_OPEN, NESTOR_STAGE_OPEN);
	judgement.access = ((mode & FMODE_READ) ? 1 : 0) | ((mode & FMODE_WRITE) ? 2 : 0);
	judgement.subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

/*
 * Hook: lsm/file_open, for each open. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM, whoever the reader is.
 * The path is that of the opened file up to its mount tree's root, so links, /proc/PID/root and chroots end at the same text.
 * Cost: nothing without file rules here, else one path. On failure (no room to work in): policy-state, the rules that name paths count as
 * matched.
 */
SEC("lsm/file_open")
int FUNCTION_PROG(decide_open, struct file *file, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);
	u64 generation = policy_generation;
	struct scratch *scratch;

	if (ret || !generation || !context || !has_rules(context, NESTOR_RULE_OPEN, generation))
		return ret;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_open(task, context, generation, file, scratch);
	leave_scratch(scratch);
	return ret;
}
