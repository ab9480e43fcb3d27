/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Judging what is done to a file, or to a name that a file has or is about to have. */
#ifndef NESTOR_DECIDE_FILE_BPF_H
#define NESTOR_DECIDE_FILE_BPF_H

#include "policy.bpf.h"
#include "turn.bpf.h"

/* A new name for what a rule knows by its old one is a way around all that the rule says. */
#define ACCESS_RENAMED (NESTOR_ACCESS_READ | NESTOR_ACCESS_WRITE | NESTOR_ACCESS_LINK)

struct file_act {
	struct vfsmount *mnt;
	struct dentry *dentry;
	u32 access; /* NESTOR_ACCESS_... */
	u8 stage;
};

static __always_inline int judge_file(struct task_struct *task, struct task_context *context, u64 generation,
				      const struct nestor_rule_bits *applying, const struct file_act *act, struct scratch *scratch)
{
	struct judgement judgement = {};
	struct nestor_rule_bits accepted;
	struct resolved path;

	path = subject_path(context, act->mnt, act->dentry, scratch->path);
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
	if (spare_executable(task, context, scratch, NESTOR_RULE_OPEN, generation, &judgement.matched)) {
		if (!bits_any(&judgement.matched))
			return 0;
		path = subject_path(context, act->mnt, act->dentry, scratch->path);
	}
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_OPEN, act->stage);
	judgement.access = act->access;
	judgement.subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

/* What an LSM program says to this act. No room to look: refused where any file rule applies, counted as policy-state. */
static __noinline __maybe_unused int decide_file(const struct file_act *act)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct nestor_rule_bits applying;
	struct scratch *scratch;
	int ret;

	if (!generation || !context || !rules_for(context, NESTOR_RULE_OPEN, generation, &applying))
		return 0;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_file(task, context, generation, &applying, act, scratch);
	leave_scratch(scratch);
	return ret;
}

#endif
