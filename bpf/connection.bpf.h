/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a chain crosses a TCP connection on one node: the client leaves its hop under the initial sequence number of its SYN and its port,
 * the acceptor picks it up. Addresses may be translated on the way (a Service's DNAT, a redirect); these two are not. A masquerade that
 * has to change the port loses the client.
 */
#ifndef NESTOR_CONNECTION_BPF_H
#define NESTOR_CONNECTION_BPF_H

#include "address.bpf.h"
#include "hop.bpf.h"

struct connection {
	struct cause from;
	struct nestor_process process;
	u64 container;
	struct nestor_address local; /* as the client has them */
	struct nestor_address peer;
	char comm[NESTOR_COMM_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, struct connection);
} connections __weak SEC(".maps");

/* Clients that closed. What is taken out then is only what their command was called: see note_caller. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2048);
	__uint(value_size, sizeof(u64)); /* key of `connections` */
} closed_clients __weak SEC(".maps");

static __always_inline void close_client(u64 key)
{
	u64 oldest;

	if (!bpf_map_push_elem(&closed_clients, &key, 0))
		return;
	if (!bpf_map_pop_elem(&closed_clients, &oldest))
		bpf_map_delete_elem(&connections, &oldest);
	bpf_map_push_elem(&closed_clients, &key, 0);
}

static __always_inline u64 connection_key(u32 first_sequence, u16 client_port)
{
	return (u64)first_sequence << 32 | client_port;
}

/* Before the SYN is sent. */
static __always_inline u64 key_of_client(struct sock *sk, u16 port)
{
	return connection_key(BPF_CORE_READ((struct tcp_sock *)sk, write_seq), port);
}

/* Before anything was read from the connection: what was copied out ends with the SYN. */
static __always_inline u64 key_of_server(struct sock *sk, u16 client_port)
{
	return connection_key(BPF_CORE_READ((struct tcp_sock *)sk, copied_seq) - 1, client_port);
}

/* The same from a connection that is in use: what was acknowledged, and what came, began after the SYN. */
static __always_inline u64 key_of_old_client(struct sock *sk, u16 port)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	return connection_key(BPF_CORE_READ(tcp, snd_una) - (u32)BPF_CORE_READ(tcp, bytes_acked), port);
}

static __always_inline u64 key_of_old_server(struct sock *sk, u16 client_port)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;

	return connection_key(BPF_CORE_READ(tcp, rcv_nxt) - (u32)BPF_CORE_READ(tcp, bytes_received) - 1, client_port);
}

static __always_inline bool same_endpoint(const struct nestor_address *a, const struct nestor_address *b)
{
	const u64 *left = (const u64 *)a->addr, *right = (const u64 *)b->addr;

	return a->port == b->port && left[0] == right[0] && left[1] == right[1];
}

/* All of a client but the hop it sends for. False: not an internet socket. */
static __always_inline bool describe_client(struct connection *client, struct task_struct *task, const struct task_context *context,
					    struct sock *sk)
{
	socket_addresses(sk, &client->local, &client->peer);
	if (!client->local.family)
		return false;
	process_key(&client->process, task);
	client->container = context->container;
	BPF_CORE_READ_INTO(&client->comm, task, comm);
	return true;
}

/*
 * Who called: kept with the server's socket from the handshake on, however long the connection then waits to be accepted, and whatever
 * becomes of the client meanwhile.
 */
static __always_inline void note_caller(struct socket_tag *tag, u64 key, const struct connection *client)
{
	tag->side = SOCKET_CALLED;
	tag->cause = client->from;
	tag->from_hop_id = client->from.hop_id;
	tag->peer = client->process;
	tag->from_container = client->container;
	tag->inbox = key;
}

/*
 * The hop over a TCP connection comes from who called. `body` has both addresses as the server sees them. `client` NULL: it closed long
 * ago, and what it was called is not known any more.
 */
static __always_inline void hop_from_caller(struct nestor_hop_body *body, const struct socket_tag *tag, const struct connection *client)
{
	hop_below(body, &tag->cause);
	body->from = tag->peer;
	body->from_container_cgroup_id = tag->from_container;
	if (!client)
		return;
	__builtin_memcpy(body->from_comm, client->comm, sizeof(body->from_comm));
	if (!same_endpoint(&client->local, &body->peer) || !same_endpoint(&client->peer, &body->local))
		body->detail |= NESTOR_CONNECTION_TRANSLATED;
}

#endif
