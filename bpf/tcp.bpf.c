/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "remote.bpf.h"
#include "requests.bpf.h"
#include "turn.bpf.h"

extern u64 made_good; /* state.bpf.c */

/* Known by now: the same program did it. */
static __always_inline bool is_connecting(struct sock *sk)
{
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);

	return tag && tag->side == SOCKET_CLIENT && tag->outbox == key_of_client(sk, BPF_CORE_READ(sk, __sk_common.skc_num));
}

static __always_inline void connecting(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct connection connection = {};
	struct nestor_socket *record;
	struct socket_tag *tag;
	u64 key;

	if (!context || !context->hop_id)
		return;
	if (!describe_client(&connection, task, context, sk))
		return;
	key = key_of_client(sk, connection.local.port);
	resolve_cause(context, &connection.from);
	if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY))
		count_loss(NESTOR_LOSS_CONNECTION_TABLE);

	tag = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag) {
		tag_as_client(tag, &connection.from, key);
	} else {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	}
	/* The other node will name the hop that it comes from: this one must know it. */
	if (peers_configured && peer_of(&connection.peer))
		announce_above(task, context, connection.from.hop_id);
	record = socket_record(task, context, sk, NESTOR_CONNECT);
	if (record)
		ring_submit(record);
}

/*
 * Hook: fentry/tcp_connect, in the client: port and sequence number are chosen, the SYN is not sent, so the acceptor always finds the
 * entry. Lowest kernel: 5.5. Cost: a map update, a record in scope. On failure (an LRU that is full drops its oldest): the server's hop
 * begins without a known client, connection-table.
 */
SEC("fentry/tcp_connect")
int FUNCTION_PROG(on_tcp_connect, struct sock *sk)
{
	connecting(sk);
	return 0;
}

/*
 * The same once more, for when the kernel left the first one out, as it does from 6.13 on when another task has interrupted it on that CPU:
 * that both are is rare in the second power. Cost: one storage look-up a connect.
 */
SEC("fentry/tcp_connect")
int FUNCTION_PROG(again_tcp_connect, struct sock *sk)
{
	if (is_connecting(sk))
		return 0;
	connecting(sk);
	made_good++;
	return 0;
}
