/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec rules against a program's path and the arguments that it has. */
#ifndef NESTOR_DECIDE_EXEC_BPF_H
#define NESTOR_DECIDE_EXEC_BPF_H

#include "entry.bpf.h"
#include "file_kind.bpf.h"
#include "judge.bpf.h"
#include "turn.bpf.h"

struct argv_walk {
	struct scratch *scratch;
	struct entry *entry;     /* at entry only */
	const char *const *argv; /* the array of pointers, in user memory */
	const char *text;        /* where the present string goes on */
	const char *end;         /* strings that lie together: where they end */
	struct dfa_run dfa;
	struct nestor_rule_bits *accepted; /* out, in a map value */
	u64 generation;
	u32 at;    /* in the chunk */
	u32 hits;  /* the set that was added last */
	u32 whole; /* 1: looked at to its end */
};

static __always_inline bool begin_walk(struct argv_walk *walk, struct scratch *scratch, struct nestor_rule_bits *accepted, u64 generation)
{
	__builtin_memset(walk, 0, sizeof(*walk));
	walk->scratch = scratch;
	walk->accepted = accepted;
	walk->generation = generation;
	if (!dfa_begin(&walk->dfa, NESTOR_DFA_ARGV, generation))
		return false;
	/* Not 0 in the verifier's eyes, or it would follow what each round finds. */
	walk->hits = unknown_zero;
	walk->whole = unknown_zero;
	return true;
}

static long argv_bytes(u32 round, void *argument)
{
	struct argv_walk *walk = argument;
	u32 at = walk->at & (CHUNK - 1), hits;

	walk->at += dfa_read(&walk->dfa, walk->scratch->chunk - DFA_STEP + at, true);
	hits = dfa_hits(&walk->dfa);
	if (hits && hits != walk->hits) {
		walk->hits = hits; /* a program that begins with the same argument a thousand times pays for it once */
		add_set(walk->accepted, hits, walk->generation);
	}
	return walk->dfa.state == NESTOR_DFA_DEAD || !walk->dfa.left;
}

static __always_inline void match_chunk(struct argv_walk *walk, u32 len)
{
	walk->dfa.left = len;
	walk->at = unknown_zero; /* not 0 in the verifier's eyes: it would follow each sum of what the rounds read */
	bpf_loop(len, argv_bytes, walk, 0);
}

static long exec_chunk(u32 index, void *argument)
{
	struct argv_walk *walk = argument;
	u64 len = walk->end - walk->text;

	if (walk->text >= walk->end) {
		walk->whole = 1;
		return 1;
	}
	barrier_var(len);
	if (len > CHUNK)
		len = CHUNK;
	if (bpf_probe_read_user(walk->scratch->chunk, len, walk->text)) {
		count_loss(NESTOR_LOSS_POLICY_STATE);
		return 1;
	}
	walk->text += len;
	match_chunk(walk, len);
	if (walk->dfa.state == NESTOR_DFA_DEAD)
		walk->whole = 1;
	return walk->whole ? 1 : 0;
}

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
	begun = begin_walk(&walk, scratch, &scratch->argv, generation);
	walk.text = (const char *)BPF_CORE_READ(task, mm, arg_start);
	walk.end = (const char *)BPF_CORE_READ(task, mm, arg_end);
	if (begun)
		bpf_loop(MAX_CHUNKS + 1, exec_chunk, &walk, 0);
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
