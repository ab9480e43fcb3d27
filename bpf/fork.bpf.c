/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "context.bpf.h"
#include <bpf/bpf_tracing.h>

/*
 * Hook: tp_btf/sched_process_fork, in the parent, before the child runs. Lowest kernel: 5.11 (task storage in tracing programs).
 * Gives the child its parent's context; a new process of a thread that serves a cause enters the cause's hop.
 * Cost: two storage accesses, no record (but for the first process in a hop).
 * On failure: the child recovers from its ancestors on first use, counted as task-storage.
 */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_context *from, *to;
	struct cause cause;

	if (child->flags & PF_KTHREAD)
		return 0;
	from = context_of(parent);
	if (!from)
		return 0;
	to = bpf_task_storage_get(&contexts, child, from, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		count_loss(NESTOR_LOSS_TASK_STORAGE);
		return 0;
	}
	if (child->tgid == parent->tgid)
		return 0; /* a thread serves what its creator served: thread-per-connection servers */

	to->flags &= ~(TASK_RECORDED | TASK_EXITED | NESTOR_TASK_ENTRY | NESTOR_TASK_RECOVERED | NESTOR_TASK_PRE_EXISTING);
	process_key(&to->parent, parent);
	if (from->cause.hop_id && from->cause.hop_id != from->hop_id) {
		cause = from->cause;
		cause.confidence = weakest(cause.confidence, from->confidence);
		enter_hop(child, to, &cause);
	} else {
		__builtin_memset(&to->cause, 0, sizeof(to->cause));
	}
	return 0;
}
