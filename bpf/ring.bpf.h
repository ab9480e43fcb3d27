/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The three rings and the loss counters.
 *
 * control: hop, exec, exit, cgroup. verdicts: verdict. bulk: connect, accept, bind, listen. A flood of connections can so never push out
 * the records that make chains, nor a storm of programs what was refused.
 *
 * Wake-ups: a wake-up of the reader costs more than a record. While the reader works it looks by itself every few milliseconds and
 * needs none; when it found nothing it says so in `reader_sleeps` and waits, and the next record wakes it once.
 */
#ifndef NESTOR_RING_BPF_H
#define NESTOR_RING_BPF_H

#include "abi.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* sized by nestord before load */
} control __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} verdicts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} bulk __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NESTOR_LOSS_MAX);
	__type(key, u32);
	__type(value, u64);
} losses __weak SEC(".maps");

/* How much of each counter nestord reported: a restarted one reports the rest. Written by nestord only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NESTOR_LOSS_MAX);
	__type(key, u32);
	__type(value, u64);
} reported_losses __weak SEC(".maps");

extern u32 reader_sleeps; /* state.bpf.c */

static __always_inline void count_loss(u32 where)
{
	u64 *counter = bpf_map_lookup_elem(&losses, &where);

	if (counter)
		__sync_fetch_and_add(counter, 1);
}

static __always_inline void ring_start(struct nestor_header *hdr, u32 size, u16 kind)
{
	hdr->time_ns = bpf_ktime_get_boot_ns();
	hdr->size = size;
	hdr->kind = kind;
	hdr->cpu = bpf_get_smp_processor_id();
}

/*
 * Reserves and starts a record; when the ring is full the loss is counted and `otherwise` (a return) runs. A macro, so that the one
 * NULL test stands where the verifier sees it: 6.1 does not know that reserved memory it tested once cannot be NULL later.
 * `bytes` must be a constant.
 */
#define ring_reserve_or(record, ring, where, bytes, kind, otherwise)                                                                       \
	do {                                                                                                                               \
		record = bpf_ringbuf_reserve(&ring, bytes, 0);                                                                             \
		if (!record) {                                                                                                             \
			count_loss(where);                                                                                                 \
			otherwise;                                                                                                         \
		}                                                                                                                          \
		ring_start((struct nestor_header *)record, bytes, kind);                                                                   \
	} while (0)

#define control_reserve_or(record, bytes, kind, otherwise)                                                                                 \
	ring_reserve_or(record, control, NESTOR_LOSS_RING_CONTROL, bytes, kind, otherwise)
#define verdict_reserve_or(record, bytes, kind, otherwise)                                                                                 \
	ring_reserve_or(record, verdicts, NESTOR_LOSS_RING_VERDICTS, bytes, kind, otherwise)
#define bulk_reserve_or(record, bytes, kind, otherwise) ring_reserve_or(record, bulk, NESTOR_LOSS_RING_BULK, bytes, kind, otherwise)

static __always_inline u64 wakeup_flag(void)
{
	if (!reader_sleeps)
		return BPF_RB_NO_WAKEUP;
	reader_sleeps = 0; /* two CPUs may both wake it: harmless */
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void ring_submit(void *record)
{
	bpf_ringbuf_submit(record, wakeup_flag());
}

#endif
