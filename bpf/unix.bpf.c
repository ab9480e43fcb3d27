/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "lsm.bpf.h"

static __always_inline void tag_server_side(struct task_struct *task, struct task_context *context, struct sock *other, struct sock *newsk,
					    const struct cause *from)
{
	struct pending_hop pending = {};
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, newsk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	u64 id;

	if (!tag) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	id = next_hop_id();
	pending.parent_id = from->hop_id;
	process_key(&pending.from, task);
	pending.from_container = context->container;
	pending.kind = NESTOR_HOP_UNIX_SOCKET;
	pending.peer.family = pending.local.family = AF_UNIX;
	pending.cookie = bpf_get_socket_cookie(newsk);
	BPF_CORE_READ_INTO(&pending.from_comm, task, comm);
	pending.path_len = unix_path_of(other, pending.path);
	if (bpf_map_update_elem(&pending_hops, &id, &pending, BPF_ANY))
		count_loss(NESTOR_LOSS_CONNECTION_TABLE);
	tag->side = SOCKET_SERVER;
	tag->from_hop_id = from->hop_id;
	tag->peer = pending.from;
	tag->from_container = pending.from_container;
	tag->cause = *from;
	tag->cause.hop_id = id;
	tag->cause.depth = from->depth + 1;
}

static __always_inline void unix_connected(struct sock *sock, struct sock *other, struct sock *newsk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct nestor_socket *record;
	struct socket_tag *tag;
	struct cause from;

	if (!context || !context->hop_id)
		return;
	effective_cause(&from, context);
	tag_server_side(task, context, other, newsk, &from);
	tag = bpf_sk_storage_get(&sockets, sock, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag) {
		tag->side = SOCKET_CLIENT;
		tag->cause = from;
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
