/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of requests.bpf.h. All of it is for the current task: so the verifier looks at it once a program, not once a caller's path. */
#include "settle.bpf.h"
#include "steer.bpf.h"

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
static __always_inline u64 answered_just_now(struct task_struct *task, struct task_context *context, struct serving *serving)
{
	if (!serving->answered.hop_id || serving->answered_turn != turn_of(task, context) || !is_connected(&serving->answered))
		return 0;
	return is_open(&serving->answered) ? 0 : serving->answered.hop_id;
}

static __always_inline bool is_in_order(const struct serving *serving)
{
	return serving->in_order >= IN_ORDER && !serving->interleaves;
}

/*
 * What it does now is for what it received since it slept: it is known to work so, or has several requests over one connection only, which
 * others share (ssh's ControlMaster), and takes them out of it one by one.
 */
static __always_inline bool goes_by_turns(struct task_struct *task, struct task_context *context, struct serving *serving)
{
	if (is_in_order(serving))
		return true;
	return !serving->interleaves && came_alone_in_this_turn(task, context, serving) &&
	       !count_elsewhere(&serving->received, context->cause.connection);
}

/* Which of several open ones: the only one that came in this turn. */
static __always_inline bool is_of_this_turn(struct task_struct *task, struct task_context *context, struct request_list *requests,
					    bool in_order, struct cause *only)
{
	return in_order && !context->cause.accepted && count_of_turn(requests, turn_of(task, context), only) == 1;
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

/* Whoever told the process what to do since then, or it works for itself. */
__noinline int one_told_or_own(struct task_context *context, struct request_list *told, u64 since, struct cause *cause)
{
	struct nestor_hop_body *body;

	if (!context || !told || !cause)
		return 0;
	body = open_ambiguous(context);
	if (!body)
		return 0;
	add_told(body, told, since, context->hop_id);
	close_ambiguous(body, body->candidate_count, cause);
	note_unsettled(body->id);
	return 1;
}

#define ALL_TOLD 0

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

/* A thread of a process that others told what to do, and nothing shows which of it: any of that, or its own work. */
static __always_inline bool cause_of_process(struct task_context *context, struct serving *of_process, struct cause *cause)
{
	return of_process && of_process->told.next && one_told_or_own(context, &of_process->told, ALL_TOLD, cause);
}

/* It works for itself; how sure, when others told the process what to do, too. */
static __always_inline bool own_work(struct task_context *context, struct serving *of_process, struct cause *cause)
{
	own_cause(cause, context);
	if (of_process && of_process->told.next)
		cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
	return true;
}

/*
 * A thread that has requests which wait: whether it may be at its own work as well. An event loop comes to that between two turns (a timer,
 * a child's end), and so does a thread that its own hop asked something.
 */
static __always_inline bool may_be_own(struct task_struct *task, struct task_context *context, struct serving *serving, bool answers_first,
				       struct cause *any)
{
	if (context->own_turn == turn_of(task, context) + 1 || ((context->own_open || answers_first) && !is_in_order(serving)))
		return true;
	if (came_in_this_turn(task, context) || count_of_turn(&serving->received, turn_of(task, context), any))
		return false;
	if (context->own_turn)
		return true;
	if (context->cause.accepted || is_in_order(serving))
		return false;
	return serving->received.several || has_event_loop(task, serving);
}

/* From the requests that the thread received and that wait. False: there are none. Writes to `cause` in any case. */
static __always_inline bool cause_of_received(struct task_struct *task, struct task_context *context, struct serving *serving,
					      struct serving *of_process, struct cause *cause)
{
	if (of_process && count_open(&serving->received, cause) &&
	    may_be_own(task, context, serving, of_process->answers_first && of_process->told.several, cause)) {
		if (context->own_turn == turn_of(task, context) + 1 && !serving->interleaves &&
		    !count_of_turn(&serving->received, turn_of(task, context), cause))
			return own_work(context, of_process, cause);
		return one_told_or_own(context, &of_process->told, ALL_TOLD, cause);
	}
	if (!cause_from(task, context, &serving->received, goes_by_turns(task, context, serving), answered_just_now(task, context, serving),
			cause))
		return false;
	serving->worked = 1;
	return true;
}

/* The connection that it accepted last, and nothing came over it yet. */
static __always_inline bool cause_of_accepted(struct task_context *context, struct serving *serving, struct serving *of_process,
					      struct cause *cause)
{
	*cause = context->cause;
	if (!of_process || !of_process->told.next || !serving || !serving->takes_requests)
		return true;
	note_told(&of_process->told, cause);
	return one_told_or_own(context, &of_process->told, ALL_TOLD, cause);
}

/*
 * What came last is answered, or over: a server that does the work after the answer ("accepted"), or begins that first. Where only one hop
 * ever told it anything, and it has not slept since, it is at that; else it may be at anything that it was told, or its own.
 */
static __always_inline bool cause_of_last(struct task_struct *task, struct task_context *context, struct serving *of_process,
					  struct cause *cause)
{
	*cause = context->cause;
	if (!cause->connection || !of_process || !of_process->told.next)
		return true;
	of_process->answers_first = 1;
	if (!of_process->told.several && came_in_this_turn(task, context))
		return true;
	return one_told_or_own(context, &of_process->told, ALL_TOLD, cause);
}

static __always_inline bool cause_of_thread(struct task_struct *task, struct task_context *context, struct serving *of_process,
					    struct cause *cause)
{
	struct serving *serving = task->pid == task->tgid ? of_process : find_serving(task);

	if (serving && cause_of_received(task, context, serving, of_process, cause))
		return true;
	if (context->cause.hop_id)
		return context->cause.accepted ? cause_of_accepted(context, serving, of_process, cause)
					       : cause_of_last(task, context, of_process, cause);
	if (context->own_turn)
		return own_work(context, of_process, cause);
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
		if (of_process && (of_process->told.several || (of_process->told.next && task->pid != task->tgid)))
			cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
		return true;
	}
	return cause_of_process(context, of_process, cause);
}

/* False: nobody who may steer the process was told anything by others since it began. */
static __noinline bool find_steerer(struct task_struct *task, struct task_context *context, struct cause *cause)
{
	struct task_struct *child, *parent;
	struct task_context *of_child;
	struct nestor_process key;
	struct serving *serving;
	u64 begun;

	if (!context || !cause)
		return false;
	child = task->group_leader;
	begun = child->start_boottime; /* what came before is accounted for where it was forked */
	of_child = find_context(child);
	for (int i = 0; i < MAX_STEERED && of_child && (of_child->flags & TASK_STEERED); i++) {
		parent = child->real_parent->group_leader;
		process_key(&key, parent);
		if (of_child->parent.tgid != key.tgid || of_child->parent.start_ns != key.start_ns)
			return false; /* who could steer it is gone */
		serving = of_child->flags & TASK_BY_PARENT ? find_serving(parent) : NULL;
		if (serving && serving->told.next && count_told(&serving->told, begun, context->hop_id)) {
			if (!input_is_over(child, of_child))
				return one_told_or_own(context, &serving->told, begun, cause);
			own_cause(cause, context);
			cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
			return true;
		}
		child = parent;
		of_child = find_context(child);
	}
	return false;
}

/* A process whose input comes from one that others tell what to do: they may be behind what it does. See steer.bpf.h. */
static __always_inline bool cause_of_steerer(struct task_context *context, struct cause *cause)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (has_begun_just_now(task, context))
		return false;
	return find_steerer(task, context, cause);
}

/* An agent that serves others: what it starts, or goes on to, for them is below it, too. */
__noinline int resolve_cause(struct task_context *context, struct cause *cause)
{
	if (!context || !cause)
		return 0;
	tell_alone(context);
	if (cause_of_current(context, cause) || cause_of_steerer(context, cause)) {
		cause->agents = agents_join(cause->agents, context->agents_own);
		return 1;
	}
	own_cause(cause, context);
	return 0;
}
