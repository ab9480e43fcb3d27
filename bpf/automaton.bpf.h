/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns of many rules as one automaton: a text is read once, byte by byte, whatever the number of rules. Where it ends tells the set
 * of rules that match. The tables of a generation are in slot (generation & 1); agent/policy/tables.h makes them.
 */
#ifndef NESTOR_AUTOMATON_BPF_H
#define NESTOR_AUTOMATON_BPF_H

#include "abi.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * NESTOR_DFA_KINDS);
	__type(key, u32);
	__type(value, struct nestor_dfa);
} dfas __weak SEC(".maps");

/* One value a slot: a look-up once a text and not once a byte. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct nestor_dfa_cells);
} dfa_cells __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * NESTOR_RULE_SETS);
	__type(key, u32);
	__type(value, struct nestor_rule_bits);
} rule_sets __weak SEC(".maps");

extern u32 unknown_zero; /* state.bpf.c */

#define DFA_STEP 8 /* bytes read by one callback: whatever holds the text has as many behind its end that may be touched */

struct dfa_run {
	const struct nestor_dfa *dfa;
	const struct nestor_dfa_cells *cells;
	u32 state;
	u32 left; /* bytes that are still to be read */
};

/* False does not happen: the tables are arrays. Whoever gets it takes NESTOR_SET_ALL for the answer. */
static __always_inline bool dfa_begin(struct dfa_run *run, u32 kind, u64 generation)
{
	u32 slot = generation & 1, index = slot * NESTOR_DFA_KINDS + kind;

	run->dfa = bpf_map_lookup_elem(&dfas, &index);
	run->cells = bpf_map_lookup_elem(&dfa_cells, &slot);
	run->state = NESTOR_DFA_START + unknown_zero;
	run->left = 0;
	return run->dfa && run->cells;
}

static __always_inline u32 dfa_next(const struct dfa_run *run, u32 state, u8 byte)
{
	const struct nestor_dfa *dfa = run->dfa;

	return run->cells->cell[(dfa->base + state * dfa->stride + dfa->class_of[byte]) & (NESTOR_DFA_CELLS - 1)];
}

/* Up to DFA_STEP bytes, one behind the other: an unrolled loop, which clang does not make of a loop that can end early. */
#define DFA_BYTE(i)                                                                                                                        \
	do {                                                                                                                               \
		if (left <= (i))                                                                                                           \
			goto end;                                                                                                          \
		state = dfa_next(&local, state, text[i]);                                                                                  \
		if (stop_at_hits && state >= hits_from) {                                                                                  \
			read = (i) + 1;                                                                                                    \
			goto end;                                                                                                          \
		}                                                                                                                          \
	} while (0)

/*
 * Reads the next DFA_STEP bytes of the text, or what is left of it, or with `stop_at_hits` up to the first state that has hits. How many is
 * taken off run->left.
 */
static __always_inline u32 dfa_read(struct dfa_run *run, const char *text, const bool stop_at_hits)
{
	const struct dfa_run local = *run; /* the compiler need not fear that something changes it meanwhile */
	u32 state = local.state, left = local.left, read = left < DFA_STEP ? left : DFA_STEP;
	u32 hits_from = stop_at_hits ? local.dfa->hits_from : 0;

	DFA_BYTE(0);
	DFA_BYTE(1);
	DFA_BYTE(2);
	DFA_BYTE(3);
	DFA_BYTE(4);
	DFA_BYTE(5);
	DFA_BYTE(6);
	DFA_BYTE(7);
end:
	run->state = state;
	/* Each way here has bounds of its own, and the verifier would go on with each of them. */
	run->left = left - read + unknown_zero;
	return read + unknown_zero;
}

/* How often dfa_read is called for a text of this length. */
static __always_inline u32 dfa_steps(u32 len)
{
	return (len + DFA_STEP - 1) / DFA_STEP;
}

static __always_inline u32 dfa_row_set(const struct dfa_run *run, u32 from_end)
{
	return run->cells->cell[(run->dfa->base + (run->state + 1) * run->dfa->stride - from_end) & (NESTOR_DFA_CELLS - 1)];
}

/* The set of rules that match what was read. */
static __always_inline u32 dfa_accepts(const struct dfa_run *run)
{
	return dfa_row_set(run, NESTOR_ROW_ACCEPTS);
}

/* The set of rules that match some text which begins with what was read; of NESTOR_DFA_OPEN_PATH only. */
static __always_inline u32 dfa_reaches(const struct dfa_run *run)
{
	return dfa_row_set(run, NESTOR_ROW_REACH);
}

/* NULL does not happen; the verifier wants to be told. */
static __always_inline struct nestor_rule_bits *rule_set(u32 set, u64 generation)
{
	u32 index = (generation & 1) * NESTOR_RULE_SETS + (set & (NESTOR_RULE_SETS - 1));

	return bpf_map_lookup_elem(&rule_sets, &index);
}

/* Rules that match whatever follows; of a state that dfa_read stopped at. */
static __always_inline u32 dfa_hits(const struct dfa_run *run)
{
	return run->state >= run->dfa->hits_from ? dfa_row_set(run, NESTOR_ROW_HITS) : NESTOR_SET_NONE;
}

/* A function to the verifier, too: it looks at its 32 words once a program and not once for each way here. */
__noinline __weak int add_set(struct nestor_rule_bits *bits, u32 set, u64 generation)
{
	struct nestor_rule_bits *more = rule_set(set, generation);

	if (!more || !bits)
		return 0;
	for (u32 i = 0; i < NESTOR_RULE_WORDS; i++)
		bits->word[i] |= more->word[i];
	return 0;
}

#endif
