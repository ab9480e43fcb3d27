/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of requests.bpf.h. All of it is for the current task: so the verifier looks at it once a program, not once a caller's path. */
#include "settle.bpf.h"

/* A hop below the server's own, for what is done for one of several requests. NULL: no memory. */
static __always_inline struct nestor_hop_body *open_ambiguous(struct task_context *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_hop_body *body = open_hop();
	struct cause own = {};

	if (!body)
		return NULL;
	own_cause(&own, context);
	hop_below(body, &own);
	body->confidence = NESTOR_AMBIGUOUS;
	hop_from(body, task, context);
	hop_server(body, task, context);
	close_hop(body->id);
	return body;
}

/* All candidates are named. */
static __always_inline void close_ambiguous(struct nestor_hop_body *body, u32 count, struct cause *cause)
{
	struct nestor_hop_body *first;
	u64 id = body->candidates[0];

	body->candidate_count = count;
	first = bpf_map_lookup_elem(&pending_hops, &id);
	body->kind = first ? first->kind : NESTOR_HOP_TCP;
	cause_of_hop(cause, body);
}

/* One of: the open ones of a list, the thread's present cause when that is not among them, and what it answered just now. */
__noinline int one_of(struct task_context *context, struct request_list *requests, u64 answered, struct cause *cause)
{
	struct nestor_hop_body *body;
	u32 count;
	u64 id;

	if (!context || !requests || !cause)
		return 0;
	body = open_ambiguous(context);
	if (!body)
		return 0;
	count = add_candidates(body, requests);
	id = context->cause.hop_id;
	if (id && !is_open(&context->cause))
		count = add_candidate(body, count, id);
	if (answered && answered != id)
		count = add_candidate(body, count, answered);
	close_ambiguous(body, count, cause);
	note_unsettled(body->id);
	return 1;
}

/* The hop of the request that this thread answered just now, when it received nothing since; 0: none, or its connection is closed. */
static __always_inline u64 answered_just_now(struct task_struct *task, struct serving *serving)
{
	if (!serving->answered.hop_id || serving->answered_turn != turn_of(task) || !is_connected(&serving->answered))
		return 0;
	return is_open(&serving->answered) ? 0 : serving->answered.hop_id;
}

static __always_inline bool is_in_order(const struct serving *serving)
{
	return serving->in_order >= IN_ORDER && !serving->interleaves;
}

/* Which of several open ones: the only one that came in this turn. */
static __always_inline bool is_of_this_turn(struct task_struct *task, struct task_context *context, struct request_list *requests,
					    bool in_order, struct cause *only)
{
	return in_order && !context->cause.accepted && count_of_turn(requests, turn_of(task), only) == 1;
}

/* From the open ones of a list. False: there are none. */
static __always_inline bool cause_from(struct task_struct *task, struct task_context *context, struct request_list *requests, bool in_order,
				       u64 answered, struct cause *cause)
{
	struct cause only = {};
	u32 count = count_open(requests, &only);
	bool chosen = false;

	if (count == 0)
		return false;
	if (count > 1 && is_of_this_turn(task, context, requests, in_order, &only)) {
		chosen = true;
		count = 1;
	}
	/* A connection that was accepted just now, while a request waits: one of the two. */
	if (count > 1 || answered || (context->cause.accepted && only.hop_id != context->cause.hop_id))
		return one_of(context, requests, answered, cause);
	if (!chosen && only.hop_id == context->cause.hop_id) {
		*cause = context->cause; /* exact, when this thread accepted it, too */
		return true;
	}
	*cause = only;
	cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
	return true;
}

/*
 * A worker may be at any open request of its process, and at one that it was woken for or that lies in a queue, answered or not. `serving`
 * when it is its own: what that was woken for last is answered.
 */
static __noinline bool one_of_handed(struct task_context *context, struct serving *of_process, struct serving *serving, struct cause *cause)
{
	struct nestor_hop_body *body;
	u32 count;

	if (!context || !of_process || !cause)
		return false;
	body = open_ambiguous(context);
	if (!body)
		return false;
	count = add_candidates(body, &of_process->process);
	count = add_later(body, count, &of_process->handed, bpf_ktime_get_boot_ns() - TAKEN_WITHIN_NS);
	if (serving) {
		count = add_later(body, count, &of_process->unclaimed, serving->woken_ns);
		if (!has_request(&of_process->handed, &serving->woken_by))
			count = add_candidate(body, count, serving->woken_by.hop_id);
	}
	close_ambiguous(body, count, cause);
	/* It may go on with an answered request as long as that has its connection, and answers that no more. */
	if (!serving || !is_connected(&serving->woken_by))
		note_unsettled(body->id);
	return true;
}

/*
 * Whether a worker whose request is answered can be at no other one: one that waits, or lies in a queue. `any` is written to, for 6.1 has
 * 512 bytes of stack for a program and all that it calls, and on the way here they are all in use.
 */
static __noinline bool has_taken_no_other(struct serving *of_process, struct serving *serving, struct cause *any)
{
	if (!of_process)
		return true;
	if (!serving || !any)
		return false;
	return begins(&of_process->handed, &serving->woken_by) && !count_open(&of_process->process, any) &&
	       !count_later(&of_process->handed, bpf_ktime_get_boot_ns() - TAKEN_WITHIN_NS) &&
	       !count_later(&of_process->unclaimed, serving->woken_ns);
}

/* A worker whose request is answered by now: what it was woken for last, or one that it took itself. */
static __always_inline bool cause_of_waker(struct task_context *context, struct serving *serving, struct serving *of_process,
					   struct cause *cause)
{
	if (!serving->woken_by.hop_id || bpf_ktime_get_boot_ns() - serving->woken_ns > WORKS_FOR_NS)
		return false;
	if (another_did(serving, &serving->woken_by))
		return false;
	if (!has_taken_no_other(of_process, serving, cause))
		return one_of_handed(context, of_process, serving, cause);
	*cause = serving->woken_by;
	return true;
}

/* Of those that it was woken for. Writes to `cause` in any case. */
static __always_inline bool cause_of_handed(struct task_struct *task, struct task_context *context, struct serving *serving,
					    struct serving *of_process, struct cause *cause)
{
	if (of_process && count_open(&serving->woken_for, cause) == 1 && !begins(&of_process->handed, cause))
		return one_of_handed(context, of_process, NULL, cause);
	return cause_from(task, context, &serving->woken_for, false, 0, cause);
}

static __always_inline bool cause_of_process(struct task_struct *task, struct task_context *context, struct serving *of_process,
					     struct cause *cause)
{
	return of_process && cause_from(task, context, &of_process->process, false, 0, cause);
}

static __always_inline bool cause_of_thread(struct task_struct *task, struct task_context *context, struct serving *of_process,
					    struct cause *cause)
{
	struct serving *serving = task->pid == task->tgid ? of_process : find_serving(task);

	if (serving && cause_from(task, context, &serving->received, is_in_order(serving), answered_just_now(task, serving), cause))
		return true;
	if (context->cause.hop_id) {
		*cause = context->cause;
		return true;
	}
	return serving &&
	       (cause_of_handed(task, context, serving, of_process, cause) || cause_of_waker(context, serving, of_process, cause));
}

static __always_inline bool cause_of_current(struct task_context *context, struct cause *cause)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct serving *of_process;
	struct fiber_key fiber;

	of_process = find_serving(task->group_leader);
	if (fiber_of(task, context, &fiber)) {
		if (cause_of_fiber(&fiber, cause))
			return true;
	} else if ((!of_process || !of_process->migrates) && cause_of_thread(task, context, of_process, cause)) {
		return true;
	}
	return cause_of_process(task, context, of_process, cause);
}

/* An agent that serves others: what it starts, or goes on to, for them is below it, too. */
__noinline int resolve_cause(struct task_context *context, struct cause *cause)
{
	if (!context || !cause)
		return 0;
	tell_alone(context);
	if (cause_of_current(context, cause)) {
		cause->agents = agents_join(cause->agents, context->agents_own);
		return 1;
	}
	own_cause(cause, context);
	return 0;
}
