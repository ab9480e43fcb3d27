/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections that are older than nestord: who holds their two ends. What comes over them from now on is known as if they were new. */
#include "address.bpf.h"
#include "connection.bpf.h"
#include "seed.bpf.h"
#include "unix.bpf.h"
#include <bpf/bpf_helpers.h>

/*
 * What one pass over all open files does:
 *   SEED_LISTENERS the ports that are listened on: a connection's end with such a port is the server's
 *   SEED_CLIENTS   clients of TCP leave their hop as on_tcp_connect does; both ends of a unix connection get their tags
 *   SEED_SERVERS   servers of TCP find their client; of both kinds, who holds the server's end
 * An end that several processes hold counts as the first one's that the kernel lists. Then `seed` looks for threads that wait in a receive:
 * a function that was entered before our hooks are there ends without them.
 */
enum seed_sockets_pass { SEED_LISTENERS = 0, SEED_CLIENTS = 1, SEED_SERVERS = 2 };

__u32 seed_sockets_pass = SEED_LISTENERS;

struct listening_port {
	u32 netns;
	u16 port;
	u16 pad;
};

/* The oldest are dropped: their connections' server ends are then taken for a client's, which nobody finds. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct listening_port);
	__type(value, u64); /* seed_round */
} listening_ports SEC(".maps");

static __always_inline struct listening_port port_of(struct sock *sk)
{
	struct listening_port port = {.netns = netns_of(sk), .port = BPF_CORE_READ(sk, __sk_common.skc_num)};

	return port;
}

static __always_inline void note_listener(struct sock *sk)
{
	struct listening_port port = port_of(sk);
	u64 round = seed_round;

	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		bpf_map_update_elem(&listening_ports, &port, &round, BPF_ANY);
}

static __always_inline bool is_listened_on(struct sock *sk)
{
	struct listening_port port = port_of(sk);
	u64 *round = bpf_map_lookup_elem(&listening_ports, &port);

	return round && *round == seed_round;
}

/* NULL: it has one already: it is newer than our hooks, or seen before. */
static __always_inline struct socket_tag *fresh_tag(struct sock *sk)
{
	struct socket_tag *tag;

	if (bpf_sk_storage_get(&sockets, sk, NULL, 0))
		return NULL;
	tag = bpf_sk_storage_get(&sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!tag)
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
	return tag;
}

static __always_inline void seed_client(struct sock *sk, const struct cause *cause, u64 outbox)
{
	struct socket_tag *tag = fresh_tag(sk);

	if (!tag)
		return;
	tag_as_client(tag, cause, outbox);
	tag->sent = 1;
}

/* Who holds the client's end is the best that is known of who connected it. */
static __always_inline void mark_older(struct nestor_hop_body *body)
{
	body->confidence = weakest(body->confidence, NESTOR_INFERRED);
	body->detail |= NESTOR_CONNECTION_OLDER;
}

static __always_inline void seed_tcp_client(struct task_struct *task, struct task_context *context, struct sock *sk)
{
	struct connection connection = {};
	u64 key;

	if (bpf_sk_storage_get(&sockets, sk, NULL, 0) || !describe_client(&connection, task, context, sk))
		return;
	own_cause(&connection.from, context);
	key = key_of_old_client(sk, connection.local.port);
	if (bpf_map_update_elem(&connections, &key, &connection, BPF_ANY))
		count_loss(NESTOR_LOSS_CONNECTION_TABLE);
	seed_client(sk, &connection.from, key);
}

static __always_inline void seed_tcp_server(struct task_struct *task, struct task_context *context, struct sock *sk)
{
	struct nestor_address local, peer;
	struct nestor_hop_body *body;
	struct connection *client;
	struct socket_tag *tag;
	u64 key;

	socket_addresses(sk, &local, &peer);
	key = key_of_old_server(sk, peer.port);
	client = bpf_map_lookup_elem(&connections, &key);
	if (!client)
		return; /* its client is not on this node */
	tag = fresh_tag(sk);
	body = tag ? open_hop() : NULL;
	if (!body)
		return;
	body->kind = NESTOR_HOP_TCP;
	body->local = local;
	body->peer = peer;
	body->socket_cookie = bpf_get_socket_cookie(sk);
	hop_server(body, task, context);
	note_caller(tag, key, client);
	hop_from_caller(body, tag, client);
	mark_older(body);
	tag->side = SOCKET_SERVER;
	cause_of_hop(&tag->cause, body);
	tag->cause.connection = body->id;
	bpf_map_delete_elem(&connections, &key);
}

static __always_inline void seed_tcp(struct task_struct *task, struct task_context *context, struct sock *sk)
{
	u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	bool server;

	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		return;
	server = is_listened_on(sk);
	if (seed_sockets_pass == SEED_CLIENTS && !server)
		seed_tcp_client(task, context, sk);
	else if (seed_sockets_pass == SEED_SERVERS && server)
		seed_tcp_server(task, context, sk);
}

/* From the client's end: an accepted socket has the listener's name, who connected mostly has none. */
static __always_inline void seed_unix_client(struct task_struct *task, struct task_context *context, struct sock *sk, struct sock *peer)
{
	struct socket_tag *tag = fresh_tag(peer);
	struct nestor_hop_body *body;
	struct cause own;
	u64 key;

	if (!tag)
		return;
	key = bpf_get_socket_cookie(peer);
	own_cause(&own, context);
	body = tag_unix_server(tag, task, context, peer, &own, key);
	if (!body)
		return;
	mark_older(body);
	tag->cause.confidence = body->confidence;
	seed_client(sk, &own, key);
}

/* A pair, too, has no names: each end carries its own holder's hop. */
static __always_inline void seed_unix_pair(struct task_context *context, struct sock *sk, struct sock *peer)
{
	struct socket_tag *tag = fresh_tag(sk);

	if (tag)
		tag_as_half_of_pair(tag, sk, peer, context);
}

static __always_inline void seed_unix(struct task_struct *task, struct task_context *context, struct sock *sk)
{
	struct unix_sock *ours = bpf_skc_to_unix_sock(sk), *theirs;
	struct nestor_hop_body *body;
	struct socket_tag *tag;
	struct sock *peer;
	u64 id;

	if (!ours || (sk->sk_type != SOCK_STREAM && sk->sk_type != SOCK_SEQPACKET))
		return;
	peer = ours->peer;
	if (!peer)
		return;
	if (seed_sockets_pass == SEED_SERVERS) {
		tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
		if (!tag || tag->side != SOCKET_SERVER)
			return;
		id = tag->cause.hop_id;
		body = bpf_map_lookup_elem(&pending_hops, &id);
		if (body && !body->server.tgid)
			hop_server(body, task, context);
		return;
	}
	theirs = bpf_skc_to_unix_sock(peer);
	if (!theirs)
		return;
	if (theirs->addr && !ours->addr)
		seed_unix_client(task, context, sk, peer);
	else if (!theirs->addr && !ours->addr)
		seed_unix_pair(context, sk, peer);
}

static __always_inline void note_server_file(struct file *file, struct sock *sk)
{
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	struct served_file served = {.round = seed_round};
	u64 key = (u64)file;

	if (!tag || tag->side != SOCKET_SERVER)
		return;
	served.cause = tag->cause;
	bpf_map_update_elem(&served_files, &key, &served, BPF_ANY);
}

/*
 * Program: iter/task_file, run by nestord when all tasks have their contexts. Lowest kernel: 5.16 (bpf_skc_to_unix_sock).
 * Cost: three walks over all open files of all processes, once. On failure: socket-storage, connection-table; the connection then begins
 * no hop, as one from outside.
 */
SEC("iter/task_file")
int seed_sockets(struct bpf_iter__task_file *iterator)
{
	struct task_struct *task = iterator->task;
	struct file *file = iterator->file;
	struct task_context *context;
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk)
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
		return 0;
	if (family != AF_UNIX && sk->sk_type != SOCK_STREAM)
		return 0;
	if (seed_sockets_pass == SEED_LISTENERS) {
		if (family != AF_UNIX)
			note_listener(sk);
		return 0;
	}
	context = find_context(task);
	if (!context || !context->hop_id)
		return 0;
	if (family == AF_UNIX)
		seed_unix(task, context, sk);
	else
		seed_tcp(task, context, sk);
	if (seed_sockets_pass == SEED_SERVERS)
		note_server_file(file, sk);
	return 0;
}
