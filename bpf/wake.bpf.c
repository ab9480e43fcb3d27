/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"
#include "turn.bpf.h"

/*
 * Hook: tp_btf/sched_waking, in the waker. Lowest kernel: 5.11.
 * A thread that received a request hands it to a worker of its process by a queue: futex, eventfd or pipe, it wakes the worker. The worker
 * remembers for which requests it was woken (requests.bpf.h, rule 3).
 * Cost: two compares a wake-up but between threads of one process; there a look-up. On failure: task-storage, rule 4 decides.
 */
SEC("tp_btf/sched_waking")
int TRACEPOINT_PROG(on_waking, struct task_struct *woken)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct serving *serving;
	struct cause cause;

	if (task->tgid != woken->tgid || task == woken)
		return 0;
	context = find_context(task);
	if (!context)
		return 0;
	if (context->cause.hop_id && is_open(&context->cause)) {
		cause = context->cause;
		hand_over(task, woken, &cause);
		return 0;
	}
	/* Woken by one that serves nobody: what it was woken for before is done. */
	if (context->cause.hop_id)
		return 0;
	serving = find_serving(woken);
	if (serving)
		serving->woken_by.hop_id = 0;
	return 0;
}
