/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of a program, read by an automaton piece by piece. */
#ifndef NESTOR_ARGV_BPF_H
#define NESTOR_ARGV_BPF_H

#include "policy.bpf.h"

struct entry;

struct argv_walk {
	struct scratch *scratch;
	struct entry *entry;     /* decide_exec.bpf.c, at entry only */
	const char *const *argv; /* the array of pointers, in user memory */
	const char *text;        /* where the present string goes on */
	const char *end;         /* strings that lie together: where they end */
	struct dfa_run dfa;
	struct nestor_rule_bits *accepted; /* out, in a map value */
	u64 generation;
	u32 at;    /* in the chunk */
	u32 hits;  /* the set that was added last */
	u32 whole; /* 1: looked at to its end */
	u32 read;  /* at entry: bytes so far */
};

static __always_inline bool begin_walk(struct argv_walk *walk, struct scratch *scratch, struct nestor_rule_bits *accepted, u32 kind,
				       u64 generation)
{
	__builtin_memset(walk, 0, sizeof(*walk));
	walk->scratch = scratch;
	walk->accepted = accepted;
	walk->generation = generation;
	if (!dfa_begin(&walk->dfa, kind, generation))
		return false;
	/* Not 0 in the verifier's eyes, or it would follow what each round finds. */
	walk->hits = unknown_zero;
	walk->whole = unknown_zero;
	walk->read = unknown_zero;
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

/* The arguments that the task's new program really has, when they have `begun` to be read. */
static __always_inline void walk_image(struct argv_walk *walk, struct task_struct *task, bool begun)
{
	u64 most = argv_most, len;

	walk->text = (const char *)BPF_CORE_READ(task, mm, arg_start);
	walk->end = (const char *)BPF_CORE_READ(task, mm, arg_end);
	len = walk->end - walk->text;
	if (len > most)
		walk->end = walk->text + most;
	if (begun)
		bpf_loop(NESTOR_ARGV_INSPECTED_MOST / CHUNK + 1, exec_chunk, walk, 0);
	if (len > most && walk->dfa.state != NESTOR_DFA_DEAD)
		walk->whole = 0;
}

#endif
