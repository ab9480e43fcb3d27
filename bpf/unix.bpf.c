/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "lsm.bpf.h"
#include "requests.bpf.h"
#include "unix.bpf.h"

static __always_inline void unix_connected(struct sock *sock, struct sock *other, struct sock *newsk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct nestor_socket *record;
	struct socket_tag *tag;
	struct nestor_hop_body *body = NULL;
	struct cause from = {};
	u64 key, server_hop = 0;

	if (!context || !context->hop_id)
		return;
	resolve_cause(context, &from);
	key = bpf_get_socket_cookie(newsk);
	tag = bpf_sk_storage_get(&sockets, newsk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag)
		body = tag_unix_server(tag, task, context, other, &from, key);
	else
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	if (body) {
		server_hop = body->id;
		tag->outbox = bpf_get_socket_cookie(sock);
	}
	tag = bpf_sk_storage_get(&sockets, sock, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag) {
		tag_as_client(tag, &from, key);
		expect_answers(tag, bpf_get_socket_cookie(sock), server_hop);
	} else {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	}
	record = socket_record(task, context, sock, NESTOR_CONNECT);
	if (!record)
		return;
	record->unix_path.offset = 0;
	record->unix_path.len = unix_path_of(other, record->data);
	listener_of(other, &record->peer_process);
	ring_submit(record);
}

/*
 * Hook: lsm/unix_stream_connect, in the client; `newsk` is the very socket that the server will accept: exact. Lowest kernel: 5.7.
 * Cost: two socket storages, one map update, a record in scope. On failure: socket-storage is counted, the server's side has no client.
 */
OBSERVE3(unix_stream_connect, unix_connected, struct sock *, sock, struct sock *, other, struct sock *, newsk)

static __always_inline void may_send(struct socket *from, struct socket *to)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct sock *sender = from->sk, *receiver = to->sk;
	struct nestor_hop_body *body;
	struct socket_tag *tag;
	struct cause cause = {};
	u64 cookie;

	if (!context || !context->hop_id || !sender || !receiver)
		return;
	tag = bpf_sk_storage_get(&sockets, sender, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!tag) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	resolve_cause(context, &cause);
	cookie = bpf_get_socket_cookie(receiver);
	/* The same sender to the same receiver goes on in the same hop: a log line each is no hop each. */
	if (tag->side == SOCKET_CLIENT && tag->from_hop_id == cause.hop_id && tag->other_from == cookie)
		return;
	body = open_unix_hop(task, context, receiver, &cause);
	if (!body)
		return;
	body->socket_cookie = cookie;
	tag->side = SOCKET_CLIENT;
	tag->cause = cause;
	tag->from_hop_id = cause.hop_id;
	tag->other_from = cookie;
	cause_of_hop(&tag->other, body);
}

/*
 * Hook: lsm/unix_may_send, in the sender of each datagram (and at connect). Lowest kernel: 5.7.
 * The sending socket carries the hop that the receiver enters; a datagram knows its socket (datagram.bpf.c).
 * Cost: a socket storage, a hop when sender or receiver are others than at the last datagram. On failure: socket-storage.
 */
OBSERVE2(unix_may_send, may_send, struct socket *, from, struct socket *, to)
