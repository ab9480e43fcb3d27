/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Judging what is done to a file, or to a name that a file has or is about to have. */
#ifndef NESTOR_DECIDE_FILE_BPF_H
#define NESTOR_DECIDE_FILE_BPF_H

#include "judge.bpf.h"
#include "turn.bpf.h"

/* A new name for what a rule knows by its old one is a way around all that the rule says. */
#define ACCESS_RENAMED (NESTOR_ACCESS_READ | NESTOR_ACCESS_WRITE | NESTOR_ACCESS_LINK)

struct file_act {
	struct vfsmount *mnt;
	struct dentry *dentry;
	u32 access; /* NESTOR_ACCESS_... */
	u8 stage;
};

/* The path lies in the scratch, and scratch->by_path has the rules that accept it. */
static __always_inline int judge_accepted(const struct decision *decision, const struct file_act *act, struct resolved path)
{
	struct judgement judgement = {.unseen = path.truncated ? NESTOR_SEES_PATH : 0};
	struct scratch *scratch = decision->scratch;

	if (!match_rules(&judgement, decision, NESTOR_RULE_OPEN, &scratch->by_path, &scratch->argv, true))
		return 0;
	if (decision->scratch->found.sparing) {
		if (!spare_executable(&judgement, decision))
			return 0;
		path = subject_path(decision->context, act->mnt, act->dentry, scratch->path);
	}
	begin_judgement(&judgement, decision, NESTOR_RULE_OPEN, act->stage);
	judgement.access = act->access;
	judgement.subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

static __always_inline int judge_file(const struct decision *decision, const struct file_act *act)
{
	struct resolved path = subject_path(decision->context, act->mnt, act->dentry, decision->scratch->path);

	return find_by_path(decision->scratch, path, NESTOR_DFA_OPEN_PATH, decision->generation) ? judge_accepted(decision, act, path) : 0;
}

/* What an LSM program says to this act. No room to look: refused where any file rule applies, counted as policy-state. */
static __noinline __maybe_unused int decide_file(const struct file_act *act)
{
	struct decision decision;
	int ret;

	if (!begin_decision(&decision, NESTOR_RULE_OPEN))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	ret = judge_file(&decision, act);
	leave_scratch(decision.scratch);
	return ret;
}

#endif
