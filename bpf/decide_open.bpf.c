/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "policy.bpf.h"
#include "turn.bpf.h"

static __always_inline int judge_open(struct task_struct *task, struct task_context *context, u64 generation,
				      const struct nestor_rule_bits *applying, struct file *file, struct scratch *scratch)
{
	struct judgement judgement = {};
	struct nestor_rule_bits accepted;
	struct resolved path;
	u32 mode;

	path = path_resolve(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), NULL, NULL, scratch->path, PATH_LARGE);
	if (path.truncated) {
		accepted = *applying;
		judgement.unseen = NESTOR_SEES_PATH;
	} else {
		match_path(scratch, path, NESTOR_DFA_OPEN_PATH, generation, &accepted);
	}
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		judgement.matched.word[i] = applying->word[i] & accepted.word[i];
	if (!bits_any(&judgement.matched))
		return 0;
	if (spare_executable(task, scratch, NESTOR_RULE_OPEN, generation, &judgement.matched)) {
		if (!bits_any(&judgement.matched))
			return 0;
		path = path_resolve(BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), NULL, NULL, scratch->path,
				    PATH_LARGE);
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
	struct nestor_rule_bits applying;
	struct scratch *scratch;

	if (ret || !generation || !context || !rules_for(context, NESTOR_RULE_OPEN, generation, &applying))
		return ret;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_open(task, context, generation, &applying, file, scratch);
	leave_scratch(scratch);
	return ret;
}
