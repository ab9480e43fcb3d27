/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ambiguous hop does not stay so when it shows later which of its requests was meant. A worker that others hand requests to does one
 * after the other: what it started since it last answered one was for the one that it answers next. So the hops that it opened meanwhile
 * become what that request's own hop is, `inferred`, and are told again.
 *
 * Not for a thread that receives requests itself: it may go from one to another in between; nor in a Go program. A worker that leaves its
 * answers to others settles nothing; one that does so now and then, and answers some itself, may settle the former as the latter.
 */
#ifndef NESTOR_SETTLE_BPF_H
#define NESTOR_SETTLE_BPF_H

#include "requests.bpf.h"

/*
 * The current thread opened an ambiguous hop. The oldest of too many stays ambiguous, and one for which storage has no room: by its helper
 * alone, for what serving_of calls has no stack left here on 6.1. Not inlined for the same reason.
 */
static __noinline __maybe_unused void note_unsettled(u64 hop)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct serving *serving = bpf_task_storage_get(&servings, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct serving *of_process = bpf_task_storage_get(&servings, task->group_leader, NULL, 0);

	if (!serving || serving->takes_requests || (of_process && of_process->has_fibers))
		return;
	serving->unsettled[serving->unsettled_count & (UNSETTLED_KEPT - 1)] = hop;
	serving->unsettled_count++;
}

#endif
