/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lsm.bpf.h"
#include "remote.bpf.h"
#include "requests.bpf.h"

/* The client is on another node, and its option proved it. */
static __always_inline void hop_from_remote(struct nestor_hop_body *body, struct remote_end *remote, bool sshd)
{
	hop_is_origin(body, sshd ? NESTOR_HOP_SSH_LOGIN : NESTOR_HOP_TCP_REMOTE);
	body->kind = body->origin_kind;
	body->transport = sshd ? NESTOR_HOP_TCP_REMOTE : 0;
	body->remote_hop_id = remote->hop_id;
	body->remote_pid = remote->pid;
	body->remote_node = remote->node;
	remote->answer_hop = body->id;
	remote->answer_pid = body->server.tgid;
}

/*
 * Somebody who was not seen to connect: it uses a packet socket, or the kernel left our hook out. Nothing is known of the chain that it
 * comes from, so what the acceptor starts for it is told in the acceptor's chain, as unknown.
 */
static __always_inline void hop_from_nobody(struct nestor_hop_body *body, struct task_context *context)
{
	struct cause own;

	own_cause(&own, context);
	hop_below(body, &own);
	body->confidence = NESTOR_UNKNOWN;
}

/* Notes who called in the tag, if that is known. Returns the client's own entry; NULL: none is left. */
static __always_inline struct connection *find_caller(struct socket_tag *tag, struct sock *sk, u16 client_port)
{
	u64 key = tag->side == SOCKET_CALLED ? tag->inbox : key_of_server(sk, client_port);
	struct connection *client = bpf_map_lookup_elem(&connections, &key);

	if (client && tag->side != SOCKET_CALLED)
		note_caller(tag, key, client);
	return client;
}

/*
 * A hop over TCP that is open for whoever the acceptor starts. False: none, for it was called from outside this node. An sshd is a hop all
 * the same: on the host a chain begins with who logs in from outside. In a container anybody may be called sshd, and whoever has raw
 * sockets there calls it from any address.
 */
static __always_inline bool open_tcp_hop(struct task_struct *task, struct task_context *context, struct sock *sk, struct socket_tag *tag)
{
	struct nestor_address local, peer;
	bool sshd = context->flags & NESTOR_TASK_SSHD;
	struct nestor_hop_body *body;
	struct connection *client;
	struct remote_end *remote;
	bool called, near;
	u64 key;

	socket_addresses(sk, &local, &peer);
	if (!local.family)
		return false;
	client = find_caller(tag, sk, peer.port);
	called = tag->side == SOCKET_CALLED;
	near = !called && (is_loopback(&peer) || same_address(&peer, &local));
	if (near)
		count_loss(NESTOR_LOSS_CONNECTION_TABLE); /* it is here, and was not seen, or newer ones pushed it out */
	remote = called ? NULL : verified_remote(sk);
	if (!called && !remote && !near && !sshd)
		return false;
	body = open_hop();
	if (!body) {
		tag->side = 0; /* else what comes would be taken for the caller's own */
		__builtin_memset(&tag->cause, 0, sizeof(tag->cause));
		return false;
	}
	body->local = local;
	body->peer = peer;
	body->kind = sshd ? NESTOR_HOP_SSH_LOGIN : NESTOR_HOP_TCP;
	body->transport = sshd ? NESTOR_HOP_TCP : 0;
	hop_server(body, task, context);
	body->socket_cookie = bpf_get_socket_cookie(sk);
	tag->side = SOCKET_SERVER;
	if (called) {
		hop_from_caller(body, tag, client);
		key = tag->inbox;
		bpf_map_delete_elem(&connections, &key);
	} else if (remote) {
		hop_from_remote(body, remote, sshd);
	} else if (near || context->container) {
		hop_from_nobody(body, context);
	} else { /* sshd, called from outside this node */
		hop_is_origin(body, NESTOR_HOP_SSH_LOGIN);
	}
	cause_of_hop(&tag->cause, body);
	tag->cause.connection = body->id;
	return true;
}

static __always_inline void report_accept(struct task_struct *task, struct task_context *context, struct sock *sk, struct socket_tag *tag)
{
	struct nestor_socket *record = socket_record(task, context, sk, NESTOR_ACCEPT);

	if (!record)
		return;
	if (tag && tag->side == SOCKET_SERVER) {
		record->peer_hop_id = tag->cause.hop_id;
		record->peer_process = tag->peer;
	}
	if (record->local.family == AF_UNIX) {
		record->unix_path.offset = 0;
		record->unix_path.len = unix_path_of(sk, record->data);
	}
	ring_submit(record);
}

/* The client opened the hop of a unix socket: who accepted is known only now. */
static __always_inline void hop_server_of(u64 id, struct task_struct *task, struct task_context *context)
{
	struct nestor_hop_body *body = bpf_map_lookup_elem(&pending_hops, &id);

	if (!body || body->server.tgid)
		return;
	hop_server(body, task, context);
	if (body->kind == NESTOR_HOP_UNIX_SOCKET && (context->flags & NESTOR_TASK_SSHD)) {
		body->kind = NESTOR_HOP_SSH_LOGIN;
		body->transport = NESTOR_HOP_UNIX_SOCKET;
	}
}

static __always_inline void accepted(struct sock *sk, struct socket *parent)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct fiber_key fiber;
	struct socket_tag *tag;
	u16 family;

	if (!sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return;
	context = context_of(task);
	if (!context)
		return;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, family == AF_UNIX ? 0 : BPF_SK_STORAGE_GET_F_CREATE);
	if (!tag && family != AF_UNIX)
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	/* One that opened its hop already was seen by the instance before, which handed over in this moment. */
	if (tag && family != AF_UNIX && tag->side != SOCKET_SERVER && !open_tcp_hop(task, context, sk, tag))
		tag = NULL;
	if (tag)
		note_reached_pod(context, tag);
	context->own_turn = 0;
	/* A connection from a process's own hop opens none. */
	if (tag && tag->side == SOCKET_SERVER && tag->from_hop_id != context->hop_id && fiber_of(task, context, &fiber)) {
		if (set_request_state(tag, REQUEST_ACCEPTED))
			fiber_serves(&fiber, &tag->cause);
		hop_server_of(tag->cause.hop_id, task, context);
	} else if (tag && tag->side == SOCKET_SERVER && tag->from_hop_id != context->hop_id) {
		context->cause = tag->cause;
		context->cause.accepted = 1;
		hop_server_of(tag->cause.hop_id, task, context);
	} else {
		__builtin_memset(&context->cause, 0, sizeof(context->cause));
	}
	report_accept(task, context, sk, tag);
}

/* The handshake is over. Mostly in an interrupt: whose task it interrupts says nothing. */
static __always_inline void called(struct sock *sk, const struct request_sock *request)
{
	u16 port = bpf_ntohs(BPF_CORE_READ(request, __req_common.skc_dport));
	struct connection *client;
	struct socket_tag *tag;
	u64 key;

	if (!sk || !request || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return;
	key = connection_key(BPF_CORE_READ((const struct tcp_request_sock *)request, rcv_isn), port);
	client = bpf_map_lookup_elem(&connections, &key);
	if (!client)
		return;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (tag)
		note_caller(tag, key, client);
	else
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
}

/*
 * Hook: lsm/inet_csk_clone, where a TCP connection to a listener gets its socket. Lowest kernel: 5.7.
 * Leaves with that who called, for the acceptor. Cost: a map look-up a connection that comes in; for one of this node its storage, which
 * accept needs anyway. On failure: counted; accept looks for the client itself, which is there until 2048 others have closed.
 */
OBSERVE2(inet_csk_clone, called, struct sock *, sk, const struct request_sock *, request)

/*
 * Hook: lsm/sock_graft (inet_accept, unix_accept), in the acceptor, with the connection it got. The one place for accept that has the
 * same signature from 6.1 to 6.18 (inet_csk_accept does not). Lowest kernel: 5.7.
 * Sets the thread's cause to the connection's hop. Cost: one or two map accesses, a record in scope.
 * On failure: counted; what the server starts stays in the server's own hop.
 */
OBSERVE2(sock_graft, accepted, struct sock *, sk, struct socket *, parent)
