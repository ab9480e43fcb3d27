/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a chain crosses a TCP connection on one node: the client leaves its hop under the connection's tuple, the acceptor picks it up. */
#ifndef NESTOR_CONNECTION_BPF_H
#define NESTOR_CONNECTION_BPF_H

#include "address.bpf.h"

struct connection_key {
	u8 client[16];
	u8 server[16];
	u16 client_port;
	u16 server_port;
	u32 netns; /* of loopback connections: the same tuple exists in each namespace; 0 otherwise */
};

struct connection {
	struct cause from;
	struct nestor_process process;
	u64 container;
	char comm[NESTOR_COMM_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct connection_key);
	__type(value, struct connection);
} connections __weak SEC(".maps");

static __always_inline void connection_key(struct connection_key *key, const struct nestor_address *client,
					   const struct nestor_address *server)
{
	__builtin_memcpy(key->client, client->addr, sizeof(key->client));
	__builtin_memcpy(key->server, server->addr, sizeof(key->server));
	key->client_port = client->port;
	key->server_port = server->port;
	key->netns = is_loopback(server) ? server->netns : 0;
}

#endif
