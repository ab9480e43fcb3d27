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

#define DFA_STEP 8 /* bytes read by one callback: whatever holds the text has as many before and behind it that may be touched */

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

/* What stays in registers while a piece is read. */
struct dfa_table {
	const u16 *cells;
	const u8 *class_of;
	u32 base;
	u32 stride;
	u32 hits_from;
};

static __always_inline u32 dfa_next(const struct dfa_table *table, u32 state, u8 byte)
{
	return table->cells[(table->base + state * table->stride + table->class_of[byte]) & (NESTOR_DFA_CELLS - 1)];
}

/* An unrolled loop, which clang does not make of one that can end early. */
#define DFA_BYTE(i)                                                                                                                        \
	case (i):                                                                                                                          \
		state = dfa_next(&table, state, text[i]);                                                                                  \
		if (stop_at_hits && state >= table.hits_from) {                                                                            \
			end = (i) + 1;                                                                                                     \
			break;                                                                                                             \
		}

/* Where in the first piece the text begins. */
static __always_inline u32 dfa_odd(const struct dfa_run *run)
{
	return -run->left & (DFA_STEP - 1);
}

/*
 * Reads a piece of the text, or with `stop_at_hits` up to the first state that has hits; how many bytes is taken off run->left. What is
 * left is a multiple of DFA_STEP then, but after a hit: the odd bytes come first, so that the others need not ask whether the text has
 * ended. The text lies DFA_STEP bytes behind `before`, for the verifier adds to pointers, but does not subtract.
 */
static __always_inline u32 dfa_read(struct dfa_run *run, const char *before, const bool stop_at_hits)
{
	const struct dfa_table table = {
	    .cells = run->cells->cell,
	    .class_of = run->dfa->class_of,
	    .base = run->dfa->base,
	    .stride = run->dfa->stride,
	    .hits_from = run->dfa->hits_from,
	};
	u32 state = run->state, back = DFA_STEP - dfa_odd(run), end = DFA_STEP, read;
	const char *text;

	if (!run->left)
		return 0;
	barrier_var(back);
	text = before + back;
	switch (dfa_odd(run)) {
		DFA_BYTE(0);
		DFA_BYTE(1);
		DFA_BYTE(2);
		DFA_BYTE(3);
		DFA_BYTE(4);
		DFA_BYTE(5);
		DFA_BYTE(6);
		DFA_BYTE(7);
	}
	run->state = state;
	barrier(); /* asked again, for all registers were needed */
	/* Each way here has bounds of its own, and the verifier would go on with each of them. */
	read = end - dfa_odd(run) + unknown_zero;
	run->left -= read;
	return read;
}

/* How often dfa_read is called for a text of this length, without `stop_at_hits`. */
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
