/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the passes of one start of nestord leave for each other. */
#ifndef NESTOR_SEED_BPF_H
#define NESTOR_SEED_BPF_H

#include "context.bpf.h"

/* Entries of another round are an earlier start's. */
extern u64 seed_round; /* seed.bpf.c */

/* An open file that is the server's end of a connection. */
struct served_file {
	struct cause cause;
	u64 round;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* address of the struct file */
	__type(value, struct served_file);
} served_files __weak SEC(".maps");

#endif
