/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lsm.bpf.h"
#include "senders.bpf.h"

#define MSG_DONTWAIT 0x40 /* uapi; the kernel sets it for descriptors that do not block, too */

/*
 * A look that finds nothing brings no request: a server that polls a socket of its own between accept and fork would lose its cause.
 * Not for UDP, which has a second queue.
 */
static __always_inline bool finds_nothing(struct sock *sk, u16 family, int flags)
{
	if (!(flags & MSG_DONTWAIT) || (family != AF_UNIX && sk->sk_type == SOCK_DGRAM))
		return false;
	return sk->sk_receive_queue.qlen == 0;
}

/* For whom this receive is. False: the connection tells nothing, or it belongs to the task's own hop. */
static __always_inline bool request_of(struct task_struct *task, struct task_context *context, struct socket_tag *tag, struct cause *cause)
{
	struct nestor_process self;

	if (tag->side == SOCKET_CLIENT)
		return false;
	if (shared_connections && tag->sender_key && cause_of_sender(task, context, tag, cause))
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

static __always_inline void received(struct socket *socket, struct msghdr *message, int size, int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);
	struct sock *sk = socket->sk;
	struct socket_tag *tag;
	struct cause cause;
	u16 family;

	if (!context || !sk)
		return;
	family = sk->__sk_common.skc_family;
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (tag && request_of(task, context, tag, &cause)) {
		/* A look that finds nothing brings no request, and ends none. */
		if (finds_nothing(sk, family, flags))
			return;
		/* Which request a thread that serves several is at, is seen by order only. */
		if (context->cause.hop_id != cause.hop_id) {
			context->cause = cause;
			context->cause.confidence = weakest(cause.confidence, NESTOR_INFERRED);
			context->cause.accepted = 0;
		}
		request_came(task, context, tag, &cause);
		return;
	}
	if (!context->cause.hop_id)
		return;
	/* An answer on a connection that was made for the present cause belongs to it. */
	if (tag && tag->side == SOCKET_CLIENT && tag->cause.hop_id == context->cause.hop_id)
		return;
	if (finds_nothing(sk, family, flags))
		return;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
}

/*
 * Hook: lsm/socket_recvmsg, in the receiver, for each receive. Lowest kernel: 5.7. Every receive replaces the thread's cause, also by none:
 * else the next, unrelated client's command would land in the last one's chain.
 * Cost: two storage look-ups, no record. On failure: none possible after the context exists.
 */
OBSERVE4(socket_recvmsg, received, struct socket *, socket, struct msghdr *, message, int, size, int, flags)
