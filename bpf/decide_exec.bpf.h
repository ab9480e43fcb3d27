/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec rules against a program's path and the arguments that it has. */
#ifndef NESTOR_DECIDE_EXEC_BPF_H
#define NESTOR_DECIDE_EXEC_BPF_H

#include "argv.bpf.h"
#include "entry.bpf.h"
#include "file_kind.bpf.h"
#include "judge.bpf.h"
#include "turn.bpf.h"

/* Fills scratch->by_path: the rules that name the program's file, whose path the scratch then holds. */
static __always_inline void match_program(struct judgement *judgement, const struct task_context *context, struct file *file,
					  struct scratch *scratch, u64 generation)
{
	struct path *opened = path_opened(file);
	struct resolved path = subject_path(context, BPF_CORE_READ(opened, mnt), BPF_CORE_READ(opened, dentry), scratch->path);

	judgement->subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement->subject_len = path.len;
	if (path.truncated)
		judgement->unseen |= NESTOR_SEES_PATH;
	if (!find_by_path(scratch, path, NESTOR_DFA_EXEC_PATH, generation))
		__builtin_memset(&scratch->by_path, 0, sizeof(scratch->by_path));
}

/* Fills scratch->argv: the rules that accept the arguments that the new program really has. */
static __always_inline void match_argv_of_image(struct judgement *judgement, struct task_struct *task, struct scratch *scratch,
						u64 generation)
{
	struct argv_walk walk;
	bool begun;

	__builtin_memset(&scratch->argv, 0, sizeof(scratch->argv));
	begun = begin_walk(&walk, scratch, &scratch->argv, NESTOR_DFA_ARGV, generation);
	walk_image(&walk, task, begun);
	if (!walk.whole)
		judgement->unseen |= NESTOR_SEES_ARGV;
	/* Fail closed. */
	add_set(&scratch->argv, walk.whole ? dfa_accepts(&walk.dfa) : NESTOR_SET_ALL, generation);
}

/* Whether some exec rule here leaves alone what certain executables start. */
static __always_inline bool asks_who_starts(const struct decision *decision)
{
	return has_rules(decision->context, NESTOR_APPLIES_SPARES, decision->generation);
}

/* What a matched rule asks of the program's file beside its path; `known`: what is known of it anyhow. */
static __always_inline void look_at_file(struct judgement *judgement, const struct decision *decision, struct file *file, u32 known)
{
	struct path *path = path_opened(file);

	judgement->file = kind_of_file(decision->context, decision->scratch, (u64)BPF_CORE_READ(path, dentry)) | known;
	if ((judgement->file & NESTOR_FROM_ANY) == NESTOR_FROM_ANY)
		judgement->unseen |= NESTOR_SEES_FROM;
}

/* Of the matched rules those that need another digest than this set's are taken out. Returns 1 if any is left. */
__noinline __weak int keep_digest(struct scratch *scratch, u32 set, u64 generation)
{
	struct nestor_event_rules *of_event = rules_of_event(NESTOR_RULE_EXEC, generation);
	struct nestor_rule_bits *of_digest = rule_set(set, generation);
	u64 any = 0;

	if (!scratch || !of_event || !of_digest)
		return 1;
	for (u32 i = 0; i < NESTOR_RULE_WORDS; i++) {
		scratch->matched.word[i] &= ~of_event->need_digest.word[i] | of_digest->word[i];
		any |= scratch->matched.word[i];
	}
	return any ? 1 : 0;
}

/* By what decide_digest found. False: no rule matches. */
static __always_inline bool match_digest(struct judgement *judgement, const struct decision *decision, struct entry *entry)
{
	u32 *set;

	if (!entry || !entry->has_digest) {
		judgement->unseen |= NESTOR_SEES_DIGEST;
		return true;
	}
	entry->digest.slot = decision->generation & 1;
	set = bpf_map_lookup_elem(&digests, &entry->digest);
	return keep_digest(decision->scratch, set ? *set : NESTOR_SET_NONE, decision->generation);
}

/* What a program really is: its file and the arguments that it has. False: no rule matches. */
static __always_inline bool inspect_program(struct judgement *judgement, const struct decision *decision, struct file *file)
{
	struct scratch *scratch = decision->scratch;

	match_program(judgement, decision->context, file, scratch, decision->generation);
	match_argv_of_image(judgement, decision->task, scratch, decision->generation);
	return match_rules(judgement, decision, NESTOR_RULE_EXEC, &scratch->by_path, &scratch->argv, false);
}

/* The program's arguments, for the verdict. */
static __always_inline void show_argv(struct judgement *judgement, struct task_struct *task)
{
	judgement->argv = BPF_CORE_READ(task, mm, arg_start);
	judgement->argv_len = BPF_CORE_READ(task, mm, arg_end) - judgement->argv;
}

#endif
