/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "lsm.bpf.h"

/* The address that the caller passed, as far as it was read. */
static __always_inline void read_address(struct nestor_socket *record, struct nestor_address *address, struct sockaddr *from, int len)
{
	union {
		struct nestor_sockaddr_in in;
		struct nestor_sockaddr_in6 in6;
	} raw = {};
	u16 family = 0;

	if (len < (int)sizeof(family) || bpf_probe_read_kernel(&family, sizeof(family), from))
		return;
	if (family == AF_INET && len >= (int)sizeof(raw.in)) {
		if (!bpf_probe_read_kernel(&raw.in, sizeof(raw.in), from)) {
			set_v4(address, raw.in.addr);
			address->port = bpf_ntohs(raw.in.port);
		}
	} else if (family == AF_INET6 && len >= (int)sizeof(raw.in6) - 0) {
		if (!bpf_probe_read_kernel(&raw.in6, sizeof(raw.in6), from)) {
			set_v6(address, raw.in6.addr);
			address->port = bpf_ntohs(raw.in6.port);
		}
	} else if (family == AF_UNIX && len > 2 && len <= 2 + 108) {
		u32 size = (len - 2) & 127;

		address->family = AF_UNIX;
		if (bpf_probe_read_kernel(record->data, size, (void *)from + 2))
			return;
		if (!record->data[0])
			record->data[0] = '@';
		else if (!record->data[(size - 1) & 127])
			size--;
		record->unix_path.offset = 0;
		record->unix_path.len = size;
	}
}

static __always_inline void bound(struct socket *socket, struct sockaddr *address, int len)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct nestor_socket *record;
	struct sock *sk = socket->sk;
	u16 family;

	if (!context || !sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
		return;
	record = socket_record(task, context, sk, NESTOR_BIND);
	if (!record)
		return;
	read_address(record, &record->local, address, len);
	ring_submit(record);
}

static __always_inline void listening(struct socket *socket, int backlog)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_of(task);
	struct nestor_socket *record;
	struct sock *sk = socket->sk;

	if (!context || !sk)
		return;
	record = socket_record(task, context, sk, NESTOR_LISTEN);
	if (!record)
		return;
	record->backlog = backlog;
	if (record->local.family == AF_UNIX) {
		record->unix_path.offset = 0;
		record->unix_path.len = unix_path_of(sk, record->data);
	}
	ring_submit(record);
}

/*
 * Hooks: lsm/socket_bind, lsm/socket_listen, in the caller, before the kernel does it (the result is not known here).
 * Lowest kernel: 5.7. Cost: a record of 368 bytes for tasks in scope. On failure: ring-bulk counts it.
 */
OBSERVE3(socket_bind, bound, struct socket *, socket, struct sockaddr *, address, int, len)
OBSERVE2(socket_listen, listening, struct socket *, socket, int, backlog)
