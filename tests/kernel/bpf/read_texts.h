/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What automaton_test.cc hands to read_texts.bpf.c. */
#ifndef NESTOR_TESTS_KERNEL_BPF_READ_TEXTS_H_
#define NESTOR_TESTS_KERNEL_BPF_READ_TEXTS_H_

#include <linux/types.h>

#define TEXTS_AT_ONCE 4096 /* a power of two */
#define TEXT_BYTES 64      /* a power of two; a text is shorter */
#define TEXT_MARGIN 8      /* DFA_STEP: bytes before and behind the text that are looked at, and count for nothing */

struct text_to_read {
	__u64 found; /* out: of the first 64 rules those that match */
	__u32 kind;  /* enum nestor_dfa_kind: the automaton */
	__u32 len;
	char bytes[TEXT_MARGIN + TEXT_BYTES + TEXT_MARGIN]; /* the text lies behind the margin */
};

struct texts_to_read {
	__u32 count;
};

#endif
