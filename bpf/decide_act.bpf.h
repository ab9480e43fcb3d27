/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Judging acts that rules know by what they are: who traces whom, which namespaces are made, which rights are gained. */
#ifndef NESTOR_DECIDE_ACT_BPF_H
#define NESTOR_DECIDE_ACT_BPF_H

#include "judge.bpf.h"
#include "turn.bpf.h"

#define TS_COMPAT 0x0002       /* a 32-bit system call is under way */
#define CALL_OF_X32 0x40000000 /* this bit is set in all of its numbers */

/* What is shown of it beside the act: the program that it is about. */
static __always_inline void show_program(struct judgement *judgement, const struct decision *decision, struct file *program)
{
	struct scratch *scratch = decision->scratch;
	struct resolved path;

	if (!program)
		return;
	path = path_of_file(decision->context, program, scratch->path);
	judgement->subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement->subject_len = path.len;
}

static __always_inline int judge_act(const struct decision *decision, const struct nestor_act *act, u32 event, u8 stage,
				     struct file *program)
{
	struct nestor_rule_bits *none = rule_set(NESTOR_SET_NONE, decision->generation);
	struct judgement judgement = {};

	if (!match_rules(&judgement, decision, event, none, &decision->scratch->argv, false))
		return 0;
	if (decision->scratch->found.sparing && !spare_executable(&judgement, decision))
		return 0;
	begin_judgement(&judgement, decision, event, stage);
	judgement.act = act;
	show_program(&judgement, decision, program);
	judge(&judgement);
	return refusal(&judgement);
}

/* What an LSM program says to this act. No room to look: refused where any rule of its kind applies, counted as policy-state. */
static __noinline __maybe_unused int decide_act(const struct nestor_act *act, u32 event, u32 stage, struct file *program)
{
	struct decision decision;
	int ret;

	if (!begin_decision(&decision, event))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	ret = judge_act(&decision, act, event, stage, program);
	leave_scratch(decision.scratch);
	return ret;
}

#endif
