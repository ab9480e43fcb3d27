/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "senders.bpf.h"
#include "turn.bpf.h"

/* For whom this receive is. False: the connection tells nothing, or it belongs to the task's own hop. */
static __always_inline bool request_of(struct task_struct *task, struct task_context *context, struct socket_tag *tag, struct sock *sk,
				       struct cause *cause)
{
	struct nestor_process self;

	if (tag->side == SOCKET_CLIENT)
		return false;
	if (shared_connections && tag->inbox && cause_of_sender(task, context, tag, sk, cause))
		return cause->hop_id && cause->hop_id != context->hop_id;
	if (tag->side == SOCKET_PAIR || tag->from_hop_id == context->hop_id || tag->cause.hop_id == context->hop_id)
		return false;
	*cause = tag->cause;
	if (tag->passed.hop_id) {
		process_key(&self, task);
		if (tag->holder.tgid == self.tgid && tag->holder.start_ns == self.start_ns)
			*cause = tag->passed;
	}
	return cause->hop_id != context->hop_id;
}

/* A request came, over a connection that others opened, or from another process or thread of the server that read it. */
static __always_inline void take_request(struct task_struct *task, struct task_context *context, struct socket_tag *tag,
					 struct cause *cause)
{
	struct cause before = context->cause;
	struct fiber_key fiber;

	if (fiber_of(task, context, &fiber)) {
		if (tag->side == SOCKET_PAIR)
			fiber_serves(&fiber, cause);
		else
			request_came_to_fiber(task, &fiber, tag, cause);
		return;
	}
	/* Which request a thread that serves several is at, is seen by order only. */
	if (before.hop_id != cause->hop_id) {
		context->cause = *cause;
		context->cause.confidence = weakest(cause->confidence, NESTOR_INFERRED);
	}
	context->cause.accepted = 0;
	context->cause_turn = turn_of(task, context);
	context->own_turn = 0;
	if (tag->side == SOCKET_PAIR)
		request_handed(task, context, &context->cause);
	else
		request_came(task, context, tag, &context->cause, &before);
}

/* A request came from the process's own hop: the server works for itself as far as chains go, and for nobody whose request came before. */
static __always_inline void take_own(struct task_struct *task, struct task_context *context, struct socket_tag *tag)
{
	struct serving *of_process;
	struct fiber_key fiber;
	struct cause own;

	context->own_turn = turn_of(task, context) + 1;
	if (!tag->shared) { /* else it is not known whose is answered by what is sent there */
		context->own_open += tag->request != REQUEST_WAITS;
		tag->request = REQUEST_WAITS;
	}
	of_process = find_serving(task->group_leader);
	if (!of_process || !of_process->has_fibers || !fiber_of(task, context, &fiber))
		return;
	own_cause(&own, context);
	fiber_serves(&fiber, &own);
}

/* An answer came on a connection that was made for a request: the thread goes on with that. */
static __always_inline void take_answer(struct task_struct *task, struct task_context *context, struct socket_tag *tag)
{
	struct fiber_key fiber;

	if (fiber_of(task, context, &fiber)) {
		fiber_serves(&fiber, &tag->cause);
		return;
	}
	if (context->cause.hop_id != tag->cause.hop_id) {
		context->cause = tag->cause;
		context->cause.confidence = weakest(tag->cause.confidence, NESTOR_INFERRED);
		context->cause.accepted = 0;
	}
	context->cause_turn = turn_of(task, context);
	context->own_turn = 0;
	request_handed(task, context, &context->cause);
}

/* It was not seen who sent this datagram: it is nobody's, and not that of the one before. */
static __always_inline void received_datagram(int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = find_context(task);
	struct fiber_key fiber;

	if (!context)
		return;
	if (!context->got_datagram && result >= 0) {
		__builtin_memset(&context->cause, 0, sizeof(context->cause));
		if (fiber_of(task, context, &fiber))
			bpf_map_delete_elem(&fibers, &fiber);
	}
	context->got_datagram = 0;
}

/* Not netlink and the like; datagrams of unix sockets have their own program. */
static __always_inline bool carries_requests(struct sock *sk)
{
	u16 family = sk->__sk_common.skc_family;

	return family == AF_INET || family == AF_INET6 || (family == AF_UNIX && sk->sk_type != SOCK_DGRAM);
}

/*
 * The server at the other end sent this while it was at another one's request. False: it did not, or it may also be the answer to what this
 * process asked: then its process was told something all the same.
 */
static __always_inline bool take_pushed(struct task_struct *task, struct task_context *context, struct socket_tag *tag, struct sock *sk)
{
	struct serving *of_process;
	struct cause cause = {};

	if (!cause_of_sender(task, context, tag, sk, &cause) || !cause.hop_id || cause.hop_id == context->hop_id)
		return false;
	of_process = serving_of_process(task);
	if (of_process)
		note_told(&of_process->told, &cause);
	if (cause.confidence == NESTOR_AMBIGUOUS)
		return false;
	context->cause = cause;
	context->cause.accepted = 0;
	context->cause_turn = turn_of(task, context);
	context->own_turn = 0;
	return true;
}

static __always_inline void received(struct sock *sk, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct socket_tag *tag;
	struct cause cause;

	/* A look that found nothing brings no request, and ends none. */
	if (result <= 0 || !sk || !carries_requests(sk))
		return;
	context = find_context(task);
	if (!context)
		return;
	if (context->got_socket) { /* the work is what the socket brings, not the message that brought it */
		context->got_socket = 0;
		return;
	}
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (tag && goes_on_alone(context, tag) && !(shared_connections && tag->inbox)) {
		context->alone_turn = turn_of(task, context);
		alone_has(context, tag, REQUEST_WAITS);
		return;
	}
	if (tag && request_of(task, context, tag, sk, &cause)) {
		take_request(task, context, tag, &cause);
		return;
	}
	if (tag && tag->side == SOCKET_CLIENT && tag->inbox && shared_connections && take_pushed(task, context, tag, sk))
		return;
	if (tag && tag->side == SOCKET_CLIENT && tag->cause.hop_id != context->hop_id && !tag->shared) {
		take_answer(task, context, tag);
		return;
	}
	if (tag && tag->side == SOCKET_SERVER && is_of_own(context, tag))
		take_own(task, context, tag);
	if (!context->cause.hop_id)
		return;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
}

/*
 * Every receive replaces the thread's cause, also by none: else the next, unrelated client's command would land in the last one's chain.
 * Not lsm/socket_recvmsg, which comes before the wait: whose bytes will come is not known then. Datagrams of unix sockets: datagram.bpf.c.
 * Cost: two storage look-ups, no record; a request more. On failure: `candidates`, task-storage.
 *
 * Hook: tp_btf/sock_recv_length, in the receiver, after every receive. Lowest kernel: 6.3 (commit 6e6eda44b939). Not the functions below
 * where it is there: from 6.13 (lazy preemption) the kernel leaves a function's program out when another task has interrupted it on that
 * CPU, a tracepoint's never.
 */
SEC("tp_btf/sock_recv_length")
int TRACEPOINT_PROG(on_receive, struct sock *sk, int result, int flags)
{
	if (sk->__sk_common.skc_family == AF_UNIX && sk->sk_type == SOCK_DGRAM)
		received_datagram(result);
	else
		received(sk, result);
	return 0;
}

/*
 * Hooks: fexit on the receives of stream sockets, where there is no such tracepoint. Not one function above them all: sock_recvmsg is
 * inlined where it matters. Lowest kernel: 5.5; the same signatures up to 6.18.
 */
#define RECEIVES(function)                                                                                                                 \
	SEC("fexit/" #function)                                                                                                            \
	int FUNCTION_PROG(after_##function, struct socket *socket, struct msghdr *message, unsigned long size, int flags, int result)      \
	{                                                                                                                                  \
		struct sock *sk = socket->sk;                                                                                              \
                                                                                                                                           \
		received(sk, result);                                                                                                      \
		return 0;                                                                                                                  \
	}

RECEIVES(inet_recvmsg)
RECEIVES(inet6_recvmsg)
RECEIVES(unix_stream_recvmsg)
RECEIVES(unix_seqpacket_recvmsg)
