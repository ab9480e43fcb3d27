/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a chain crosses a unix connection: the client opens the hop, the server's socket carries it. */
#ifndef NESTOR_UNIX_BPF_H
#define NESTOR_UNIX_BPF_H

#include "address.bpf.h"
#include "hop.bpf.h"

#define PIDTYPE_TGID 1

/* Who called listen(): for a descriptor that was handed on, the one that began it. tgid 0: gone. */
static __always_inline void listener_of(struct sock *listening, struct nestor_process *process)
{
	struct hlist_node *node = BPF_CORE_READ(listening, sk_peer_pid, tasks[PIDTYPE_TGID].first);
	struct task_struct *leader;

	if (!node)
		return;
	leader = (void *)node - bpf_core_field_offset(struct task_struct, pid_links) - PIDTYPE_TGID * bpf_core_type_size(struct hlist_node);
	process->start_ns = BPF_CORE_READ(leader, start_boottime);
	process->tgid = BPF_CORE_READ(leader, tgid);
}

/* The hop that the server's side opens; `named` has its path. NULL: no memory, counted. */
static __always_inline struct nestor_hop_body *open_unix_hop(struct task_struct *task, struct task_context *context, struct sock *named,
							     const struct cause *from)
{
	struct nestor_hop_body *body = open_hop();

	if (!body)
		return NULL;
	hop_below(body, from);
	hop_from(body, task, context);
	body->kind = NESTOR_HOP_UNIX_SOCKET;
	body->peer.family = body->local.family = AF_UNIX;
	body->path_len = unix_path_of(named, body->path);
	return body;
}

/* The hop is open for whoever accepts; `key` is the cookie of the server's socket. NULL: no memory, counted. */
static __always_inline struct nestor_hop_body *tag_unix_server(struct socket_tag *tag, struct task_struct *task,
							       struct task_context *context, struct sock *named, const struct cause *from,
							       u64 key)
{
	struct nestor_hop_body *body = open_unix_hop(task, context, named, from);

	if (!body)
		return NULL;
	body->socket_cookie = key;
	tag->side = SOCKET_SERVER;
	tag->from_hop_id = from->hop_id;
	tag->peer = body->from;
	tag->from_container = context->container;
	tag->inbox = key;
	cause_of_hop(&tag->cause, body);
	tag->cause.connection = body->id;
	return body;
}

#endif
