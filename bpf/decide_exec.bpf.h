/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exec rules against a program's path and the arguments that it has. */
#ifndef NESTOR_DECIDE_EXEC_BPF_H
#define NESTOR_DECIDE_EXEC_BPF_H

#include "policy.bpf.h"
#include "turn.bpf.h"

struct argv_walk {
	struct scratch *scratch;
	struct entry *entry;     /* at entry only */
	const char *const *argv; /* the array of pointers, in user memory */
	const char *text;        /* where the present string goes on */
	const char *end;         /* strings that lie together: where they end */
	u32 base;
	u32 state;
	bool whole; /* looked at to its end */
};

static long argv_byte(u32 index, void *argument)
{
	struct argv_walk *walk = argument;

	walk->state = dfa_next(walk->base, walk->state, walk->scratch->chunk[index & (CHUNK - 1)]);
	return walk->state == NESTOR_DFA_DEAD;
}

static long exec_chunk(u32 index, void *argument)
{
	struct argv_walk *walk = argument;
	u64 len = walk->end - walk->text;

	if (walk->text >= walk->end) {
		walk->whole = true;
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
	bpf_loop(len, argv_byte, walk, 0);
	if (walk->state == NESTOR_DFA_DEAD)
		walk->whole = true;
	return walk->whole;
}

/* matched = applying & (path accepted, where asked for) & (argv accepted, where asked for) */
static __always_inline void exec_matched(struct nestor_rule_bits *matched, const struct nestor_rule_bits *applying, u64 generation,
					 const struct nestor_rule_bits *path, const struct nestor_rule_bits *argv)
{
	u32 index = (generation & 1) * 4 + NESTOR_RULE_EXEC;
	struct nestor_event_rules *of_event = bpf_map_lookup_elem(&event_rules, &index);

	__builtin_memset(matched, 0, sizeof(*matched));
	if (!of_event)
		return;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		matched->word[i] =
		    applying->word[i] & (path->word[i] | ~of_event->need_path.word[i]) & (argv->word[i] | ~of_event->need_argv.word[i]);
}

/* False: not inspected to the end. */
static __always_inline bool match_argv_of_image(struct task_struct *task, struct scratch *scratch, u64 generation,
						const struct nestor_rule_bits *applying, struct nestor_rule_bits *accepted)
{
	struct argv_walk walk;

	__builtin_memset(&walk, 0, sizeof(walk));
	__builtin_memset(accepted, 0, sizeof(*accepted));
	walk.scratch = scratch;
	walk.text = (const char *)BPF_CORE_READ(task, mm, arg_start);
	walk.end = (const char *)BPF_CORE_READ(task, mm, arg_end);
	walk.base = dfa_base(NESTOR_DFA_ARGV, generation);
	walk.state = NESTOR_DFA_START;
	bpf_loop(MAX_CHUNKS + 1, exec_chunk, &walk, 0);
	if (!walk.whole)
		*accepted = *applying; /* fail closed */
	else if (walk.state != NESTOR_DFA_DEAD)
		dfa_accepted(walk.base, walk.state, accepted);
	return walk.whole;
}

#endif
