/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lsm.bpf.h"
#include "senders.bpf.h"

/*
 * What a server sends on a connection while it is at another one's request: a message bus passes on a call, a broker a job. Where nothing
 * waits for an answer there it is a request of that one; else it may be the answer, and the receiver takes it for either. So it does when
 * the server received from several before it sent.
 */
static __noinline __maybe_unused void sends_for_other(struct socket_tag *tag)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = find_context(task);
	struct cause cause;

	if (!tag || !context)
		return;
	cause = context->cause;
	if (!cause.hop_id || cause.accepted || cause.hop_id == tag->cause.hop_id || cause.hop_id == tag->from_hop_id) {
		if (!tag->pushes)
			return;
		cause = tag->cause;
	} else if (tag->request == REQUEST_WAITS && context->cause_turn != turn_of(task, context)) {
		return;
	} else if (tag->request == REQUEST_WAITS || !came_alone_in_this_turn(task, context, find_serving(task))) {
		cause.confidence = NESTOR_AMBIGUOUS;
	}
	tag->pushes = 1;
	leave_sender(tag->outbox, task, context, &cause);
}

static __always_inline void answers_own(struct task_context *context, struct socket_tag *tag)
{
	context->own_open -= !!context->own_open;
	if (!tag->shared)
		tag->request = REQUEST_ANSWERED;
}

/* On a connection that a client opened: the request that came over it is answered. */
static __always_inline void server_sends(struct socket_tag *tag)
{
	struct task_context *context;
	struct task_struct *task;

	tag->answers = 1;
	if (tag->outbox)
		sends_for_other(tag);
	if (tag->request != REQUEST_WAITS)
		return;
	task = bpf_get_current_task_btf();
	context = find_context(task);
	if (context && is_of_own(context, tag))
		answers_own(context, tag);
	if (tag->request != REQUEST_WAITS)
		return;
	if (context && goes_on_alone(context, tag))
		alone_has(context, tag, REQUEST_ANSWERED);
	else
		request_answered(task, context, tag);
}

/*
 * What is sent first on a connection that was made for a request is that request's: an event loop sends when the connection is there,
 * and may have answered the request, or received others, by then. The same goes for all that is sent together with it.
 */
static __always_inline bool sends_first(struct task_struct *task, struct task_context *context, struct socket_tag *tag)
{
	u64 turn = turn_of(task, context), received = context->cause.hop_id;

	if (tag->sent)
		return tag->sent_in_turn == turn && tag->sent_in_hop == received;
	tag->sent = 1;
	tag->sent_in_turn = turn;
	tag->sent_in_hop = received;
	return true;
}

/* On a connection that this side opened, or half of a pair: for the hop that opened it, or for another one? */
static __always_inline void client_sends(struct socket_tag *tag)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = find_context(task);
	struct cause cause = {};

	if (!context)
		return;
	tell_alone(context);
	effective_cause(&cause, task, context);
	if (cause.hop_id == tag->cause.hop_id && !tag->shared && !(context->flags & TASK_RECEIVES))
		return;
	/* A connection that was made for a request is that request's until it is answered, whatever else came meanwhile. */
	if (tag->side == SOCKET_CLIENT && !tag->shared && tag->cause.hop_id != context->hop_id &&
	    (sends_first(task, context, tag) || is_under_way(&tag->cause)))
		return;
	resolve_cause(context, &cause);
	if (cause.hop_id == tag->cause.hop_id && !tag->shared)
		return;
	tag->shared = 1;
	leave_sender(tag->outbox, task, context, &cause);
}

static __always_inline void sent(struct socket *socket, struct msghdr *message, int size)
{
	struct sock *sk = socket->sk;
	struct socket_tag *tag;

	if (!sk)
		return;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!tag)
		return;
	if (tag->side == SOCKET_SERVER)
		server_sends(tag);
	else if (tag->outbox)
		client_sends(tag);
}

/*
 * Hook: lsm/socket_sendmsg, in the sender, for each send. Lowest kernel: 5.7.
 * A server's send answers the request of its connection; a client's send for another hop than the one that connected is left for the
 * receiver. Cost: one storage look-up for sockets that carry nothing, two for clients. On failure: cause-table.
 */
OBSERVE3(socket_sendmsg, sent, struct socket *, socket, struct msghdr *, message, int, size)

static __always_inline void pair_half(struct sock *sk, struct sock *other, struct task_context *context)
{
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!tag) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	tag_as_half_of_pair(tag, sk, other, context);
}

static __always_inline void paired(struct socket *one, struct socket *two)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct sock *first = one->sk, *second = two->sk;

	if (!context || !first || !second)
		return;
	pair_half(first, second, context);
	pair_half(second, first, context);
}

/* Hook: lsm/socket_socketpair, in its maker. Lowest kernel: 5.7. Cost: two socket storages. On failure: socket-storage. */
OBSERVE2(socket_socketpair, paired, struct socket *, one, struct socket *, two)
