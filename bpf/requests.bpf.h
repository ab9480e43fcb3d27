/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One server, many clients: for which request does a thread work now? In order of certainty:
 *   1. It accepted a connection, and has no request that waits: the connection's own child.
 *   2. It received requests itself. One that is not answered yet: that one. Several: the one it received since it last waited, if it is
 * one; else one of them, ambiguous. None, as all were answered: the last one it received.
 *   3. It was woken by threads of its process that had received, and these requests are not answered: as in 2.
 *   4. Requests of its process that are not answered: as in 2.
 *   5. None: it works for its own hop.
 * A request is what came over a connection that a client opened; it is answered when anybody sends on that connection, and over when it is
 * closed. Limits: see "How a chain is known" in the docs.
 */
#ifndef NESTOR_REQUESTS_BPF_H
#define NESTOR_REQUESTS_BPF_H

#include "hop.bpf.h"

/* Connections over which a request came that was not answered, by their hop. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64); /* hop id */
	__type(value, u8);
} open_requests __weak SEC(".maps");

struct request {
	struct cause cause;
	u64 turn; /* of the thread that received it: see turn_of */
};

/* A few requests in no order; a full list loses its oldest, which `candidates` counts. */
struct request_list {
	struct request list[NESTOR_CANDIDATES];
	u32 next; /* where the next one goes */
	u32 pad;
};

/* Of a thread that received, or whose waker had; a thread group leader keeps those of the whole process, too. */
struct serving {
	struct request_list received;
	struct request_list woken_for;
	struct request_list process;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct serving);
} servings __weak SEC(".maps");

static __always_inline bool is_open(const struct cause *cause)
{
	u64 connection = cause->connection;

	return connection && bpf_map_lookup_elem(&open_requests, &connection);
}

/*
 * A thread that serves many waits for all of them at once (epoll, poll, select) and then does what came. Between two waits is a turn: what
 * it received in this one is what it works for now. A wait that finds something at once does not sleep, so a turn may be long, never short.
 */
static __always_inline u64 turn_of(struct task_struct *task)
{
	return task->nvcsw;
}

/*
 * In requests.bpf.c: functions that the verifier looks at once, not once a caller. Their loops over lists, one after the other in one
 * program, would be more states than it takes. Each pointer may be NULL, for it cannot know: then nothing happens.
 */

/* A request of a thread or process; known already, it gets this turn. A full list loses one, counted as `candidates`. */
extern int remember_request(struct request_list *requests, struct cause *cause, u64 turn);
/* How many are not answered; the last one found goes to `only`. */
extern u32 count_open(struct request_list *requests, struct cause *only);
/* The same of one turn only. */
extern u32 count_of_turn(struct request_list *requests, u64 turn, struct cause *only);
/* Lists the open ones in an ambiguous hop; returns how many there are. */
extern u32 add_candidates(struct nestor_hop_body *body, struct request_list *requests);

/* A request came to this thread. `tag` is that of its connection. */
static __noinline __maybe_unused void request_came(struct task_struct *task, struct task_context *context, struct socket_tag *tag,
						   struct cause *cause)
{
	struct serving *serving;
	u8 yes = 1;
	u64 id;

	if (!tag || !context || !cause)
		return;
	id = cause->connection;
	tag->waiting = 1;
	if (bpf_map_update_elem(&open_requests, &id, &yes, BPF_ANY)) {
		count_loss(NESTOR_LOSS_CANDIDATES);
		return;
	}
	serving = bpf_task_storage_get(&servings, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!serving) {
		count_loss(NESTOR_LOSS_TASK_STORAGE);
		return;
	}
	context->flags |= TASK_RECEIVES;
	remember_request(&serving->received, cause, turn_of(task));
	if (task->pid != task->tgid)
		serving = bpf_task_storage_get(&servings, task->group_leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (serving)
		remember_request(&serving->process, cause, 0);
}

/* Another thread or process of the same program read a request and told this one: it is open as long as its connection says. */
static __noinline __maybe_unused void request_handed(struct task_struct *task, struct task_context *context, struct cause *cause)
{
	struct serving *serving;

	if (!context || !cause || !is_open(cause))
		return;
	serving = bpf_task_storage_get(&servings, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!serving) {
		count_loss(NESTOR_LOSS_TASK_STORAGE);
		return;
	}
	context->flags |= TASK_RECEIVES;
	remember_request(&serving->received, cause, turn_of(task));
}

/* Whether what a connection was made for is still under way: a request that waits, or one of several. */
static __always_inline bool is_under_way(const struct cause *cause)
{
	struct nestor_hop_body *body;
	u64 id = cause->hop_id;

	if (is_open(cause) || cause->confidence != NESTOR_AMBIGUOUS)
		return is_open(cause);
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (!body)
		return false;
	for (int i = 0; i < NESTOR_CANDIDATES; i++) {
		u64 candidate = body->candidates[i];

		if (candidate && bpf_map_lookup_elem(&open_requests, &candidate))
			return true;
	}
	return false;
}

static __always_inline void request_answered(struct socket_tag *tag)
{
	u64 connection = tag->cause.connection;

	tag->waiting = 0;
	bpf_map_delete_elem(&open_requests, &connection);
}

/*
 * A hop below the server's own, for what is done for one of several requests: the open ones of a list, and the thread's present cause
 * when that is not among them.
 */
static __noinline bool open_ambiguous(struct task_struct *task, struct task_context *context, struct request_list *requests,
				      struct cause *cause)
{
	struct nestor_hop_body *body = open_hop(), *first;
	struct cause own;
	u32 count;
	u64 id;

	if (!body || !context || !requests || !cause)
		return false;
	own_cause(&own, context);
	hop_below(body, &own);
	body->confidence = NESTOR_AMBIGUOUS;
	count = add_candidates(body, requests);
	id = context->cause.hop_id;
	if (id && !is_open(&context->cause)) {
		if (count < NESTOR_CANDIDATES)
			body->candidates[count & (NESTOR_CANDIDATES - 1)] = id;
		count++;
	}
	body->candidate_count = count;
	id = body->candidates[0];
	first = bpf_map_lookup_elem(&pending_hops, &id);
	body->kind = first ? first->kind : NESTOR_HOP_TCP;
	hop_from(body, task, context);
	hop_server(body, task, context);
	cause_of_hop(cause, body);
	return true;
}

/* From the open ones of a list. False: there are none. */
static __always_inline bool cause_from(struct task_struct *task, struct task_context *context, struct request_list *requests,
				       struct cause *cause)
{
	struct cause only = {};
	u32 count = count_open(requests, &only);

	if (count == 0)
		return false;
	if (count > 1 && !context->cause.accepted && count_of_turn(requests, turn_of(task), &only) == 1)
		count = 1;
	/* A connection that was accepted just now, while a request waits: one of the two. */
	if (count > 1 || (context->cause.accepted && only.hop_id != context->cause.hop_id))
		return open_ambiguous(task, context, requests, cause);
	if (only.hop_id == context->cause.hop_id) {
		*cause = context->cause; /* exact, when this thread accepted it, too */
		return true;
	}
	*cause = only;
	cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
	return true;
}

/*
 * Which hop what this thread does now belongs to. False: its own; `cause` is then that of its own hop.
 * Cost: nothing more than a look at the context for threads that serve nobody and whose process does not.
 */
static __noinline __maybe_unused bool resolve_cause(struct task_struct *task, struct task_context *context, struct cause *cause)
{
	struct serving *serving, *of_process;

	if (!context || !cause)
		return false;
	serving = bpf_task_storage_get(&servings, task, NULL, 0);
	if (serving && cause_from(task, context, &serving->received, cause))
		return true;
	if (context->cause.hop_id) {
		*cause = context->cause;
		return true;
	}
	if (serving && cause_from(task, context, &serving->woken_for, cause))
		return true;
	of_process = task->pid == task->tgid ? serving : bpf_task_storage_get(&servings, task->group_leader, NULL, 0);
	if (of_process && cause_from(task, context, &of_process->process, cause))
		return true;
	own_cause(cause, context);
	return false;
}

#endif
