/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "lsm.bpf.h"
#include "requests.bpf.h"

/* The hop that the server's side opens. NULL: no memory, counted. */
static __always_inline struct nestor_hop_body *open_unix_hop(struct task_struct *task, struct task_context *context, struct sock *other,
							     const struct cause *from)
{
	struct nestor_hop_body *body = open_hop();

	if (!body)
		return NULL;
	hop_below(body, from);
	hop_from(body, task, context);
	body->kind = NESTOR_HOP_UNIX_SOCKET;
	body->peer.family = body->local.family = AF_UNIX;
	body->path_len = unix_path_of(other, body->path);
	return body;
}

static __always_inline void tag_server_side(struct task_struct *task, struct task_context *context, struct sock *other, struct sock *newsk,
					    const struct cause *from, u64 key)
{
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, newsk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	struct nestor_hop_body *body;

	if (!tag) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	body = open_unix_hop(task, context, other, from);
	if (!body)
		return;
	body->socket_cookie = bpf_get_socket_cookie(newsk);
	tag->side = SOCKET_SERVER;
	tag->from_hop_id = from->hop_id;
	tag->peer = body->from;
	tag->from_container = context->container;
	tag->inbox = key;
	cause_of_hop(&tag->cause, body);
	tag->cause.connection = body->id;
}

static __always_inline void unix_connected(struct sock *sock, struct sock *other, struct sock *newsk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct nestor_socket *record;
	struct socket_tag *tag;
	struct cause from;
	u64 key;

	if (!context || !context->hop_id)
		return;
	resolve_cause(context, &from);
	key = bpf_get_socket_cookie(newsk);
	tag_server_side(task, context, other, newsk, &from, key);
	tag = bpf_sk_storage_get(&sockets, sock, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag) {
		tag->side = SOCKET_CLIENT;
		tag->cause = from;
		tag->outbox = key;
	} else {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	}
	record = socket_record(task, context, sock, NESTOR_CONNECT);
	if (!record)
		return;
	record->unix_path.offset = 0;
	record->unix_path.len = unix_path_of(other, record->data);
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
	struct cause cause;
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
