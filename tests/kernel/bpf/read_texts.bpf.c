/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Texts read by the automata of bpf/automaton.bpf.h and nothing else, for automaton_test.cc. */
#include "automaton.bpf.h"
#include "read_texts.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u32 unknown_zero = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TEXTS_AT_ONCE);
	__type(key, u32);
	__type(value, struct text_to_read);
} texts SEC(".maps");

struct reading {
	struct dfa_run dfa;
	struct text_to_read *text;
	u64 found;
	u32 at;
};

static __always_inline u64 first_word(u32 set)
{
	struct nestor_rule_bits *bits = rule_set(set, 0);

	return bits ? bits->word[0] : ~0ULL;
}

/* As argv_bytes in argv.bpf.h. */
static long read_piece(u32 round, void *argument)
{
	struct reading *reading = argument;
	u32 at = reading->at & (TEXT_BYTES - 1);

	reading->at += dfa_read(&reading->dfa, reading->text->bytes + at, true);
	reading->found |= first_word(dfa_hits(&reading->dfa));
	return reading->dfa.state == NESTOR_DFA_DEAD || !reading->dfa.left;
}

static long read_text(u32 index, void *argument)
{
	struct reading reading = {.found = unknown_zero, .at = unknown_zero};

	reading.text = bpf_map_lookup_elem(&texts, &index);
	if (!reading.text || !dfa_begin(&reading.dfa, reading.text->kind % NESTOR_DFA_KINDS, 0))
		return 1;
	reading.dfa.left = reading.text->len & (TEXT_BYTES - 1);
	bpf_loop(TEXT_BYTES, read_piece, &reading, 0);
	reading.text->found = reading.found | first_word(dfa_accepts(&reading.dfa));
	return 0;
}

SEC("syscall")
int read_texts(struct texts_to_read *context)
{
	bpf_loop(context->count & (2 * TEXTS_AT_ONCE - 1), read_text, NULL, 0);
	return 0;
}
