/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "connection.bpf.h"
#include "requests.bpf.h"
#include "turn.bpf.h"

/*
 * Hooks: fentry/inet_release, fentry/unix_release: the last descriptor of a socket is closed. Lowest kernel: 5.5.
 * A request that came over it and was never answered is over. Cost: one storage look-up. On failure (no such function in a kernel): such
 * requests stay candidates until their process ends: more is ambiguous, nothing is wrong.
 */
static __always_inline void released(struct socket *socket)
{
	struct socket_tag *tag;
	struct sock *sk = socket->sk;

	if (!sk)
		return;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!tag)
		return;
	if (tag->request)
		request_over(tag);
	if (tag->side == SOCKET_SERVER) {
		close_hop(tag->cause.hop_id);
		close_hop(tag->passed.hop_id);
	} else if (tag->side == SOCKET_CLIENT && tag->outbox) {
		close_client(tag->outbox);
	}
	close_hop(tag->other.hop_id); /* also a datagram socket's */
}

SEC("fentry/inet_release")
int FUNCTION_PROG(on_inet_release, struct socket *socket)
{
	released(socket);
	return 0;
}

SEC("fentry/unix_release")
int FUNCTION_PROG(on_unix_release, struct socket *socket)
{
	released(socket);
	return 0;
}
