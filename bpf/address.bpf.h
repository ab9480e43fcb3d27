/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Socket addresses as nestor keeps them: v4-mapped v6 is v4, so that both ends of one connection give the same bytes. */
#ifndef NESTOR_ADDRESS_BPF_H
#define NESTOR_ADDRESS_BPF_H

#include "context.bpf.h"
#include <bpf/bpf_endian.h>

static __always_inline bool is_v4_mapped(const u8 *addr)
{
	const u32 *word = (const u32 *)addr;

	return word[0] == 0 && word[1] == 0 && word[2] == bpf_htonl(0xffff);
}

/* From 16 bytes of a v6 socket. */
static __always_inline void set_v6(struct nestor_address *address, const u8 *bytes)
{
	__builtin_memset(address->addr, 0, sizeof(address->addr));
	if (is_v4_mapped(bytes)) {
		address->family = AF_INET;
		__builtin_memcpy(address->addr, bytes + 12, 4);
	} else {
		address->family = AF_INET6;
		__builtin_memcpy(address->addr, bytes, 16);
	}
}

static __always_inline void set_v4(struct nestor_address *address, u32 addr)
{
	address->family = AF_INET;
	__builtin_memset(address->addr, 0, sizeof(address->addr));
	__builtin_memcpy(address->addr, &addr, 4);
}

static __always_inline bool is_loopback(const struct nestor_address *address)
{
	const u32 *word = (const u32 *)address->addr;

	if (address->family == AF_INET)
		return address->addr[0] == 127;
	return word[0] == 0 && word[1] == 0 && word[2] == 0 && word[3] == bpf_htonl(1);
}

static __always_inline bool same_address(const struct nestor_address *a, const struct nestor_address *b)
{
	const u64 *left = (const u64 *)a->addr, *right = (const u64 *)b->addr;

	return a->family == b->family && left[0] == right[0] && left[1] == right[1];
}

static __always_inline u32 netns_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* Both ends of an inet or inet6 socket; family 0 for others. */
static __always_inline void socket_addresses(struct sock *sk, struct nestor_address *local, struct nestor_address *peer)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct in6_addr bytes;

	local->netns = peer->netns = netns_of(sk);
	local->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	peer->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		set_v4(local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		set_v4(peer, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&bytes, sk, __sk_common.skc_v6_rcv_saddr);
		set_v6(local, bytes.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&bytes, sk, __sk_common.skc_v6_daddr);
		set_v6(peer, bytes.in6_u.u6_addr8);
	} else {
		local->family = peer->family = 0;
		local->port = peer->port = 0;
		__builtin_memset(local->addr, 0, sizeof(local->addr));
		__builtin_memset(peer->addr, 0, sizeof(peer->addr));
	}
}

/*
 * The path a unix socket is bound to, '@' first when abstract. Returns its length, 0 when unnamed. `path` has NESTOR_UNIX_DATA bytes,
 * all written.
 */
static __always_inline u8 unix_path_of(struct sock *sk, char *path)
{
	struct unix_address___name *addr = (void *)BPF_CORE_READ((struct unix_sock *)sk, addr);
	const char *from;
	int len;

	__builtin_memset(path, 0, NESTOR_UNIX_DATA);
	if (!addr)
		return 0;
	len = BPF_CORE_READ(addr, len) - (int)sizeof(unsigned short); /* sun_family counts in */
	if (len <= 0 || len > 108)
		return 0;
	from = (const char *)addr + bpf_core_field_offset(struct unix_address___name, name) + sizeof(unsigned short);
	if (bpf_probe_read_kernel(path, len & 127, from))
		return 0;
	if (path[0]) { /* a file: the length may count a NUL */
		if (len > 0 && !path[(len - 1) & 127])
			len--;
		return len;
	}
	path[0] = '@';
	return len;
}

/* A record about a socket, in the bulk ring. NULL: not in scope, or full (counted). The caller submits. */
static __always_inline struct nestor_socket *socket_record(struct task_struct *task, struct task_context *context, struct sock *sk,
							   u16 kind)
{
	struct nestor_socket *record;

	if (!in_scope(task, context))
		return NULL;
	bulk_reserve_or(record, sizeof(*record), kind, return NULL);
	__builtin_memset((void *)record + sizeof(record->hdr), 0, sizeof(*record) - sizeof(record->hdr));
	fill_actor(&record->actor, task, context);
	socket_addresses(sk, &record->local, &record->peer);
	record->socket_cookie = bpf_get_socket_cookie(sk);
	record->type = BPF_CORE_READ(sk, sk_type);
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		record->local.family = record->peer.family = AF_UNIX;
	return record;
}

#endif
