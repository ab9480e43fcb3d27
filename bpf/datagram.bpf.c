/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"
#include "turn.bpf.h"

/*
 * Hook: fexit/__skb_try_recv_datagram, in the receiver, with the datagram it gets (unix, raw, packet and netlink sockets; UDP has a way
 * of its own). Lowest kernel: 5.5; the six arguments are the same from 5.6 to 6.18.
 * The thread's cause becomes the hop that the sender's socket carries (lsm/unix_may_send), or none: each datagram says who sent it: exact.
 * Cost: two storage look-ups a datagram. On failure: none after the tag exists. Left out (from 6.13 on, see receive.bpf.c): on_receive
 * notices, and nobody's datagram it is.
 */
SEC("fexit/__skb_try_recv_datagram")
int FUNCTION_PROG(on_datagram, struct sock *sk, void *queue, unsigned int flags, int *off, int *err, void *last, struct sk_buff *skb)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct fiber_key fiber;
	struct socket_tag *tag;
	struct sock *sender;

	if (!skb || sk->__sk_common.skc_family != AF_UNIX || sk->sk_type != SOCK_DGRAM)
		return 0;
	context = find_context(task);
	if (!context)
		return 0;
	context->got_datagram = 1;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
	if (fiber_of(task, context, &fiber))
		bpf_map_delete_elem(&fibers, &fiber);
	sender = skb->sk;
	if (!sender)
		return 0;
	tag = bpf_sk_storage_get(&sockets, sender, NULL, 0);
	if (!tag || tag->side != SOCKET_CLIENT || !tag->other.hop_id)
		return 0;
	if (tag->from_hop_id == context->hop_id || tag->other.hop_id == context->hop_id)
		return 0;
	if (fiber_of(task, context, &fiber)) {
		fiber_serves(&fiber, &tag->other);
		return 0;
	}
	context->cause = tag->other;
	context->cause.accepted = 1; /* one datagram is one request: nothing else can be meant until the next receive */
	return 0;
}
