/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"
#include "turn.bpf.h"

/* A thread's place is its process's, once a tracer's chain took that over. */
static __always_inline void follow_traced_leader(struct task_struct *task, struct task_context *context)
{
	struct task_context *leader;

	if (task->pid == task->tgid)
		return;
	leader = find_context(task->group_leader);
	if (!leader || !(leader->flags & TASK_TRACED) || leader->hop_id == context->hop_id)
		return;
	context->hop_id = leader->hop_id;
	context->chain_id = leader->chain_id;
	context->depth = leader->depth;
	context->origin_kind = leader->origin_kind;
	context->confidence = leader->confidence;
	context->agents_above = leader->agents_above;
}

/* vfork, posix_spawn: the parent sleeps until the child has begun its program. */
static __always_inline bool shares_memory(struct task_struct *parent, struct task_struct *child)
{
	return BPF_CORE_READ(child, mm) == BPF_CORE_READ(parent, mm);
}

/*
 * A thread that begins when its maker has accepted a connection and nothing came over it yet. It is that connection's thread where the
 * maker only accepts; one that receives, too, may have begun it for anything else. Never exact: threads share their memory, so any may give
 * orders.
 */
static __always_inline void inherit_connection(struct task_context *context)
{
	struct serving *serving = find_serving(bpf_get_current_task_btf());

	if (context->cause.accepted && serving && serving->takes_requests)
		__builtin_memset(&context->cause, 0, sizeof(context->cause));
	context->cause.confidence = weakest(context->cause.confidence, NESTOR_INFERRED);
}

/*
 * A new thread serves what its creator served: thread-per-connection servers. A request that its creator has read already may be another
 * thread's by the time this one starts something: a pool that grows gives its workers all that comes. So it counts only while it is open.
 */
static __always_inline void inherit_request(struct task_struct *thread, struct task_context *context)
{
	struct cause cause = context->cause;

	if (!cause.hop_id)
		return;
	if (!is_open(&cause)) {
		inherit_connection(context);
		return;
	}
	hand_over(bpf_get_current_task_btf(), thread, &cause);
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
}

/*
 * Hook: tp_btf/sched_process_fork, in the parent, before the child runs. Lowest kernel: 5.11 (task storage in tracing programs).
 * Gives the child its parent's context; a new process of a thread that serves a request enters the request's hop.
 * Cost: three storage accesses, no record (but for the first process in a hop).
 * On failure: the child recovers from its ancestors on first use, counted as task-storage.
 */
SEC("tp_btf/sched_process_fork")
int TRACEPOINT_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_context *from, *to;
	struct nestor_process key;
	struct cause cause = {};

	if (child->flags & PF_KTHREAD)
		return 0;
	from = context_of(parent);
	if (!from)
		return 0;
	follow_traced_leader(parent, from);
	to = store_context(child, from);
	if (!to)
		return 0;
	to->alone = 0;
	to->alone_untold = 0;
	to->own_turn = 0;
	to->own_open = 0;
	to->spawn_sleeps = 0;
	if (child->tgid == parent->tgid) {
		tell_alone(from);
		from->alone_over = 1;
	}
	process_key(&key, parent);
	if (child->tgid != parent->tgid && to->parent.start_ns == key.start_ns && to->parent.tgid == key.tgid)
		return 0; /* the instance before saw this one: it handed over in this moment */
	to->flags &= ~(TASK_PRIVATE | NESTOR_TASK_ENTRY | NESTOR_TASK_RECOVERED | NESTOR_TASK_PRE_EXISTING);
	if (child->tgid == parent->tgid) {
		inherit_request(child, to);
		return 0;
	}

	to->parent = key;
	to->flags |= TASK_BY_PARENT | TASK_FORKED;
	begin_below_agents(to);
	if (resolve_cause(from, &cause) && cause.hop_id != from->hop_id) {
		/* How sure the server's own place is does not matter: the way from the origin does not lead through it. */
		enter_hop(child, to, &cause);
	} else {
		to->confidence = weakest(from->confidence, cause.confidence);
		__builtin_memset(&to->cause, 0, sizeof(to->cause));
	}
	from->spawn_sleeps += shares_memory(parent, child);
	return 0;
}
