/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the first stage of an exec found: kept from the system call's entry on until the new program runs, by no process for its life.
 */
#ifndef NESTOR_ENTRY_BPF_H
#define NESTOR_ENTRY_BPF_H

#include "policy.bpf.h"

struct entry {
	struct nestor_rule_bits argv;     /* accept it as it was at syscall entry */
	struct nestor_rule_bits reported; /* verdicts given at bprm_check: not again at exec */
	u64 generation;                   /* of the above; 0: nothing there */
	u32 argv_len;                     /* of the copy below, for the verdict's words only */
	u32 argv_seen;                    /* `argv` was read to its end */
	u32 sparing;                      /* the set of rules that leave alone what the present executable starts */
	u8 wants_digest;                  /* some rule of this generation asks for it here */
	u8 has_digest;                    /* of the file that this exec looks at; whatever the generation */
	u8 pad[2];
	struct nestor_digest_key digest;
	u32 rest;
	const char *text; /* argv at entry: where the present string goes on; here, not on the stack: see unknown_zero */
	char argv_text[NESTOR_NAME_DATA + CHUNK];
};

_Static_assert(sizeof(struct entry) <= sizeof(zeros), "zeros is the beginning of one");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct entry);
} entries __weak SEC(".maps");

/*
 * Those that storage did not take: see spare_contexts. By the task's address: its number becomes its leader's in the middle of an exec.
 * Allocated beforehand, for 6.1 lets no program that may sleep (decide_digest) use another.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, u64);
	__type(value, struct entry);
} spare_entries __weak SEC(".maps");

static __noinline __maybe_unused struct entry *find_spare_entry(struct task_struct *task)
{
	u64 key = (u64)task;

	return spares_begun ? bpf_map_lookup_elem(&spare_entries, &key) : NULL;
}

/* NULL: none. */
static __always_inline struct entry *find_entry(struct task_struct *task)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, 0);

	return entry ? entry : find_spare_entry(task);
}

static __noinline __maybe_unused struct entry *store_spare_entry(struct task_struct *task)
{
	struct entry *entry = find_spare_entry(task);
	u64 key = (u64)task;

	if (entry)
		return entry;
	spares_begun = 1;
	if (bpf_map_update_elem(&spare_entries, &key, (const void *)zeros, BPF_ANY)) {
		count_loss(NESTOR_LOSS_POLICY_STATE);
		return NULL;
	}
	return bpf_map_lookup_elem(&spare_entries, &key);
}

/* The task's, a new one if it has none. NULL: no room, counted. */
static __always_inline struct entry *entry_of(struct task_struct *task)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	return entry ? entry : store_spare_entry(task);
}

static __always_inline void forget_entry(struct entry *entry, u64 generation)
{
	__builtin_memset(&entry->argv, 0, sizeof(entry->argv));
	__builtin_memset(&entry->reported, 0, sizeof(entry->reported));
	entry->generation = generation;
	entry->argv_len = 0;
	entry->argv_seen = 0;
	entry->sparing = NESTOR_SET_NONE;
	entry->wants_digest = 0;
}

static __always_inline void drop_spare_entry(struct task_struct *task)
{
	u64 key = (u64)task;

	if (spares_begun)
		bpf_map_delete_elem(&spare_entries, &key);
}

/* Storage may refuse to give it back as it may refuse to take it: what stays then says nothing. */
static __always_inline void drop_entry(struct task_struct *task)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, 0);

	if (entry) {
		entry->generation = 0;
		bpf_task_storage_delete(&entries, task);
	}
	drop_spare_entry(task);
}

#endif
