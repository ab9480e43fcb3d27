/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "context.bpf.h"
#include "turn.bpf.h"

/*
 * Hook: tp_btf/sched_process_exit, in the exiting thread. Lowest kernel: 5.11. (6.16 added an argument at the end.)
 * Records the end of a process (its last thread) that some record named; others leave no trace.
 * Cost: one record of 152 bytes. On failure: ring-control counts it; nestord then finds the process gone at its next sweep.
 */
SEC("tp_btf/sched_process_exit")
int TRACEPOINT_PROG(on_exit, struct task_struct *task)
{
	struct task_context *context = bpf_task_storage_get(&contexts, task->group_leader, NULL, 0);
	struct nestor_exit *record;
	bool recorded;
	u32 code;
	u64 now;

	if (!context || BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	recorded = (context->flags & TASK_RECORDED) && in_scope(task, context);
	forget_reached_pod(task); /* in_scope asked for it */
	if (!recorded)
		return 0;
	/* Two threads that leave at once both see 0. */
	if (__sync_fetch_and_or(&context->flags, TASK_EXITED) & TASK_EXITED)
		return 0;
	control_reserve_or(record, sizeof(*record), NESTOR_EXIT, return 0);
	fill_actor(&record->actor, task, context);
	code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = task->exit_code;
	now = record->hdr.time_ns;
	record->run_ns = now - record->actor.self.start_ns;
	record->code = (code >> 8) & 0xff;
	record->signal = code & 0xff;
	ring_submit(record);
	return 0;
}
