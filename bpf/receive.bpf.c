/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "senders.bpf.h"
#include "turn.bpf.h"

/* For whom this receive is. False: the connection tells nothing, or it belongs to the task's own hop. */
static __always_inline bool request_of(struct task_struct *task, struct task_context *context, struct socket_tag *tag, struct cause *cause)
{
	struct nestor_process self;

	if (tag->side == SOCKET_CLIENT)
		return false;
	if (shared_connections && tag->inbox && cause_of_sender(task, context, tag, cause))
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

	if (fiber_of(task, &fiber)) {
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
	if (tag->side == SOCKET_PAIR)
		request_handed(task, context, &context->cause);
	else
		request_came(task, context, tag, &context->cause, &before);
}

/* An answer came on a connection that was made for a request: the thread goes on with that. */
static __always_inline void take_answer(struct task_struct *task, struct task_context *context, struct socket_tag *tag)
{
	struct fiber_key fiber;

	if (fiber_of(task, &fiber)) {
		fiber_serves(&fiber, &tag->cause);
		return;
	}
	if (context->cause.hop_id != tag->cause.hop_id) {
		context->cause = tag->cause;
		context->cause.confidence = weakest(tag->cause.confidence, NESTOR_INFERRED);
		context->cause.accepted = 0;
	}
	request_handed(task, context, &context->cause);
}

static __always_inline void received(struct socket *socket, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct sock *sk = socket->sk;
	struct socket_tag *tag;
	struct cause cause;

	/* A look that found nothing brings no request, and ends none. */
	if (result <= 0 || !sk)
		return;
	context = bpf_task_storage_get(&contexts, task, NULL, 0);
	if (!context)
		return;
	if (context->got_socket) { /* the work is what the socket brings, not the message that brought it */
		context->got_socket = 0;
		return;
	}
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (tag && request_of(task, context, tag, &cause)) {
		take_request(task, context, tag, &cause);
		return;
	}
	if (tag && tag->side == SOCKET_CLIENT && tag->cause.hop_id != context->hop_id && !tag->shared) {
		take_answer(task, context, tag);
		return;
	}
	if (!context->cause.hop_id)
		return;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
}

/*
 * Hooks: fexit on the receives of stream sockets, in the receiver, when it has got something. Not lsm/socket_recvmsg, which comes before
 * the wait: whose bytes will come is not known then. Not one function above them all: sock_recvmsg is inlined where it matters. Lowest
 * kernel: 5.5; the same signatures up to 6.18. Datagrams of unix sockets: datagram.bpf.c.
 * Every receive replaces the thread's cause, also by none: else the next, unrelated client's command would land in the last one's chain.
 * Cost: two storage look-ups, no record; a request more. On failure: `candidates`, task-storage.
 */
#define RECEIVES(function)                                                                                                                 \
	SEC("fexit/" #function)                                                                                                            \
	int FUNCTION_PROG(after_##function, struct socket *socket, struct msghdr *message, unsigned long size, int flags, int result)      \
	{                                                                                                                                  \
		received(socket, result);                                                                                                  \
		return 0;                                                                                                                  \
	}

RECEIVES(inet_recvmsg)
RECEIVES(inet6_recvmsg)
RECEIVES(unix_stream_recvmsg)
RECEIVES(unix_seqpacket_recvmsg)
