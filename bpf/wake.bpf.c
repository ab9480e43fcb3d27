/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"
#include "turn.bpf.h"

/* A worker lets another thread go on: at a lock, or for something else than the request that this one was woken for before. */
static __always_inline void worker_wakes(struct task_struct *task, struct task_struct *woken)
{
	struct serving *serving, *of_process = find_serving(task->group_leader);
	u64 futex;

	if (!of_process)
		return;
	futex = futex_of(task);
	note_lock(of_process, futex);
	serving = futex ? NULL : find_serving(woken);
	if (serving)
		serving->woken_by.hop_id = 0;
}

#define HANDS_ON_WITHIN 2 /* turns: it may have to wait for its interpreter in between */

static __always_inline bool came_lately(struct task_struct *task, const struct task_context *context)
{
	u64 came = context->alone ? context->alone_turn : context->cause_turn;

	return turn_of(task, context) - came <= HANDS_ON_WITHIN;
}

/*
 * The waker is at a request that it may hand on: one that waits, or came just now and is answered already ("accepted"), if no other did. By
 * a futex only what came just now: later it also wakes whoever waits for a lock of its interpreter.
 */
static __always_inline bool hands_on(struct task_struct *task, const struct task_context *context)
{
	if (!context->cause.hop_id || (futex_of(task) && !came_lately(task, context)))
		return false;
	if (is_open(&context->cause))
		return true;
	return context->cause.connection && !context->cause.accepted && came_alone_in_this_turn(task, context, find_serving(task));
}

/*
 * Hook: tp_btf/sched_waking, in the waker. Lowest kernel: 5.15 (bpf_task_pt_regs).
 * A thread that received a request hands it to a worker of its process by a queue: futex, eventfd or pipe, it wakes the worker. The worker
 * remembers for which requests it was woken (requests.bpf.h, rule 3). Threads also wake each other at locks, an interpreter's at every
 * turn: a futex at which workers wake others is one.
 * Cost: two compares a wake-up but between threads of one process; there a look-up. On failure: task-storage, rule 4 decides.
 */
SEC("tp_btf/sched_waking")
int TRACEPOINT_PROG(on_waking, struct task_struct *woken)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct cause cause;

	if (task->tgid != woken->tgid || task == woken)
		return 0;
	context = find_context(task);
	if (!context)
		return 0;
	if (hands_on(task, context)) {
		cause = context->cause;
		hand_over(task, woken, &cause);
	} else if (!context->cause.hop_id) {
		worker_wakes(task, woken);
	}
	return 0;
}
