/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "entry.bpf.h"
#include "requests.bpf.h"
#include "turn.bpf.h"

static __always_inline bool is_last_thread(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, live.counter) == 0;
}

static __always_inline void forget_spare(struct task_struct *task)
{
	struct nestor_process key;

	spare_key(&key, task);
	bpf_map_delete_elem(&spare_contexts, &key);
	bpf_map_delete_elem(&spare_servings, &key);
}

/* A leader that left keeps its own until the last thread does, for it speaks for the process. */
static __always_inline void forget_spares(struct task_struct *task)
{
	if (!spares_begun)
		return;
	drop_spare_entry(task); /* of an exec that failed */
	if (task->pid != task->tgid)
		forget_spare(task);
	if (is_last_thread(task))
		forget_spare(task->group_leader);
}

static __always_inline void report_exit(struct task_struct *task)
{
	struct task_context *context = find_context(task->group_leader);
	struct nestor_exit *record;
	bool recorded;
	u32 code;
	u64 now;

	if (!context || !is_last_thread(task))
		return;
	recorded = (context->flags & TASK_RECORDED) && in_scope(task, context);
	forget_reached_pod(task); /* in_scope asked for it */
	if (!recorded)
		return;
	/* Two threads that leave at once both see 0. */
	if (__sync_fetch_and_or(&context->flags, TASK_EXITED) & TASK_EXITED)
		return;
	control_reserve_or(record, sizeof(*record), NESTOR_EXIT, return);
	fill_actor(&record->actor, task, context);
	code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = task->exit_code;
	now = record->hdr.time_ns;
	record->run_ns = now - record->actor.self.start_ns;
	record->code = (code >> 8) & 0xff;
	record->signal = code & 0xff;
	ring_submit(record);
}

/*
 * Hook: tp_btf/sched_process_exit, in the exiting thread. Lowest kernel: 5.11. (6.16 added an argument at the end.)
 * Records the end of a process (its last thread) that some record named; others leave no trace.
 * Cost: one record of 152 bytes. On failure: ring-control counts it; nestord then finds the process gone at its next sweep.
 */
SEC("tp_btf/sched_process_exit")
int TRACEPOINT_PROG(on_exit, struct task_struct *task)
{
	report_exit(task);
	forget_spares(task);
	return 0;
}
