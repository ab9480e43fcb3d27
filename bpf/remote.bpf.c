/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "remote.bpf.h"
#include "turn.bpf.h"

#define TCP_SAVE_SYN 27
#define TCP_FLAG_SYN 2
#define ENOSPC 28

static __always_inline void set_flags(struct bpf_sock_ops *ops, u32 flags)
{
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | flags);
}

static __always_inline void clear_flags(struct bpf_sock_ops *ops, u32 flags)
{
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags & ~flags);
}

/* A listener keeps its clients' SYNs, unless its program asked for them in its own way. */
static __always_inline void keep_syns(struct bpf_sock_ops *ops)
{
	int kept = 0, one = 1;

	if (!bpf_getsockopt(ops, IPPROTO_TCP, TCP_SAVE_SYN, &kept, sizeof(kept)) && !kept)
		bpf_setsockopt(ops, IPPROTO_TCP, TCP_SAVE_SYN, &one, sizeof(one));
}

/* The client, before its SYN. A socket can be connected again to somewhere else: what it carried before must be gone then. */
static __always_inline void connecting(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct nestor_address local, peer;
	struct connection *connection;
	struct socket_tag *tag;
	struct remote_end *end;
	u64 key;

	if (!tcp)
		return;
	socket_addresses((struct sock *)tcp, &local, &peer);
	tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	if (!peer.family || !peer_of(&peer) || !tag || tag->side != SOCKET_CLIENT || !tag->cause.hop_id) {
		if (!bpf_sk_storage_delete(&remotes, sk))
			clear_flags(ops, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG | BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG);
		return;
	}
	key = tag->outbox;
	connection = bpf_map_lookup_elem(&connections, &key);
	end = bpf_sk_storage_get(&remotes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!end) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	__builtin_memset(end, 0, sizeof(*end));
	end->hop_id = tag->cause.hop_id;
	end->pid = connection ? connection->process.tgid : 0;
	end->first_sequence = tcp->write_seq;
	set_flags(ops, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
}

/* The client's connection is there: an answer may come. */
static __always_inline void connected(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	if (!bpf_sk_storage_get(&remotes, sk, NULL, 0))
		return;
	bpf_sock_ops_cb_flags_set(ops, (ops->bpf_sock_ops_cb_flags & ~BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG) |
					   BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG);
}

/* The answer is due once a process runs in the hop, and until the client acknowledged data that came with it. */
static __always_inline bool answer_is_due(struct bpf_sock_ops *ops, struct remote_end *end)
{
	if (end->answered && (s32)(ops->snd_una - end->answered_at) > 0) {
		clear_flags(ops, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
		return false;
	}
	if (end->answer_hop && is_announced(end->answer_hop))
		return true;
	if (++end->looked > ANSWER_SEGMENTS)
		clear_flags(ops, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
	return false;
}

static __always_inline void reserve_option(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	struct remote_end *end = bpf_sk_storage_get(&remotes, sk, NULL, 0);

	if (!end)
		return;
	if (end->verified) {
		if (answer_is_due(ops, end))
			bpf_reserve_hdr_opt(ops, OPTION_ANSWER_BYTES, 0);
	} else if (ops->skb_tcp_flags & TCP_FLAG_SYN) {
		if (bpf_reserve_hdr_opt(ops, OPTION_SYN_BYTES, 0))
			count_loss(NESTOR_LOSS_REMOTE_OPTION);
	}
}

static __always_inline void write_option(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	struct remote_end *end = bpf_sk_storage_get(&remotes, sk, NULL, 0);
	struct remote_option option = {};

	if (!end)
		return;
	if (!end->verified) {
		if ((ops->skb_tcp_flags & TCP_FLAG_SYN) && make_option(&option, OPTION_SYN, end->hop_id, end->pid, end->first_sequence))
			bpf_store_hdr_opt(ops, &option, OPTION_SYN_BYTES, 0);
		return;
	}
	if (!make_option(&option, OPTION_ANSWER, end->answer_hop, end->answer_pid, end->first_sequence))
		return;
	if (bpf_store_hdr_opt(ops, &option, OPTION_ANSWER_BYTES, 0) || end->answered)
		return;
	end->answered = 1;
	end->answered_at = ops->snd_nxt;
}

#define MAX_CLIMB 8 /* levels above a socket's cgroup that are looked at for its container */

/* Whose socket it is. */
static __always_inline u64 container_of_socket(struct sock *sk)
{
	struct cgroup *cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);

	for (int level = 0; level < MAX_CLIMB && cgroup; level++) {
		u64 id = BPF_CORE_READ(cgroup, kn, id);

		if (bpf_map_lookup_elem(&containers, &id))
			return id;
		cgroup = cgroup_parent(cgroup);
	}
	return 0;
}

static __noinline void refuse(struct tcp_sock *tcp, const struct remote_option *option, u32 reason, u32 direction)
{
	struct nestor_tamper *record;
	struct sock *sk = (struct sock *)tcp;

	if (!tcp || !option)
		return;
	bulk_reserve_or(record, sizeof(*record), NESTOR_TAMPER, return);
	socket_addresses(sk, &record->local, &record->peer);
	record->claimed_hop_id = option->hop_id;
	record->claimed_pid = pid_and_window_of(option) & PID_MASK;
	record->container_cgroup_id = container_of_socket(sk);
	record->node = peer_of(&record->peer);
	record->reason = reason;
	record->answer = direction == OPTION_ANSWER;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
	ring_submit(record);
}

/* The option of the SYN, or of the segment that just came. Its length; <= 0: there is none. */
static __always_inline long load_option(struct bpf_sock_ops *ops, struct remote_option *option, u64 from)
{
	long length;

	option->kind = OPTION_KIND;
	option->length = 4; /* what to look for: the kind and the experiment */
	option->experiment = OPTION_EXPERIMENT;
	length = bpf_load_hdr_opt(ops, option, sizeof(*option), from);
	return length == -ENOSPC ? sizeof(*option) + 1 : length;
}

static __always_inline u8 check_syn(const struct remote_option *option, long length, u32 node, u32 first_sequence)
{
	u64 tag = 0;
	u8 reason, yes = 1;

	if (!node)
		return NESTOR_TAMPER_FOREIGN;
	if (length != OPTION_SYN_BYTES)
		return NESTOR_TAMPER_MALFORMED;
	reason = check_option(option, OPTION_SYN, first_sequence, &tag);
	if (reason)
		return reason;
	return bpf_map_update_elem(&seen_options, &tag, &yes, BPF_NOEXIST) ? NESTOR_TAMPER_REPLAYED : 0;
}

/* The server's side, before anybody can accept the connection. */
static __always_inline void arrived(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct nestor_address local, peer;
	struct remote_option option = {};
	struct remote_end *end;
	u32 first_sequence, node;
	long length;
	u8 reason;

	if (!tcp)
		return;
	length = load_option(ops, &option, BPF_LOAD_HDR_OPT_TCP_SYN);
	if (length <= 0)
		return;
	socket_addresses((struct sock *)tcp, &local, &peer);
	node = peer_of(&peer);
	first_sequence = tcp->copied_seq - 1;
	reason = check_syn(&option, length, node, first_sequence);
	if (reason) {
		refuse(tcp, &option, reason, OPTION_SYN);
		return;
	}
	end = bpf_sk_storage_get(&remotes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!end) {
		count_loss(NESTOR_LOSS_SOCKET_STORAGE);
		return;
	}
	end->hop_id = option.hop_id;
	end->pid = pid_and_window_of(&option) & PID_MASK;
	end->node = node;
	end->first_sequence = first_sequence;
	end->verified = 1;
	set_flags(ops, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG);
}

/* Who connected, as a record's actor. It may be gone since, and is not the current task. */
static __always_inline void fill_client(struct nestor_actor *actor, const struct socket_tag *tag, const struct connection *connection)
{
	actor->self = connection->process;
	actor->chain_id = tag->cause.chain_id;
	actor->hop_id = tag->cause.hop_id;
	actor->depth = tag->cause.depth;
	actor->origin_kind = tag->cause.origin_kind;
	actor->confidence = tag->cause.confidence;
	actor->container_cgroup_id = connection->container;
	actor->flags = connection->container ? NESTOR_TASK_IN_CONTAINER : 0;
	if (bpf_map_lookup_elem(&reached_pods, &connection->process))
		actor->flags |= NESTOR_TASK_IN_POD_CHAIN;
	actor->auid = 0xffffffff;
	__builtin_memcpy(actor->comm, connection->comm, sizeof(actor->comm));
}

/* Where a client's connection leads to: a hop below the client's that is on another node. */
static __noinline void announce_outgoing(struct socket_tag *tag, const struct remote_option *option)
{
	struct connection *connection;
	struct nestor_hop *record;
	u64 key;

	if (!tag || !option)
		return;
	key = tag->outbox;
	connection = bpf_map_lookup_elem(&connections, &key);
	if (!connection) {
		count_loss(NESTOR_LOSS_CAUSE_TABLE);
		return;
	}
	control_reserve_or(record, sizeof(*record), NESTOR_HOP, return);
	__builtin_memset((void *)record + sizeof(record->hdr), 0, sizeof(*record) - sizeof(record->hdr));
	fill_client(&record->actor, tag, connection);
	record->body.id = next_hop_id();
	hop_below(&record->body, &tag->cause);
	record->body.kind = NESTOR_HOP_TCP_REMOTE;
	record->body.detail = NESTOR_CONNECTION_OUTGOING;
	record->body.from = connection->process;
	record->body.from_container_cgroup_id = connection->container;
	__builtin_memcpy(record->body.from_comm, connection->comm, sizeof(record->body.from_comm));
	record->body.peer = connection->local;
	record->body.local = connection->peer;
	record->body.remote_hop_id = option->hop_id;
	record->body.remote_pid = pid_and_window_of(option) & PID_MASK;
	record->body.remote_node = option->node;
	ring_submit(record);
}

/* The client's side: the first answer counts, and the first wrong one ends it, so that nobody can fill the ring with them. */
static __always_inline void answered(struct bpf_sock_ops *ops, struct bpf_sock *sk)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct remote_end *end = bpf_sk_storage_get(&remotes, sk, NULL, 0);
	struct socket_tag *tag = bpf_sk_storage_get(&sockets, sk, NULL, 0);
	struct remote_option option = {};
	u64 whole_tag = 0;
	long length;
	u8 reason;

	if (!end || !tag || !tcp || end->verified)
		return;
	length = load_option(ops, &option, 0);
	if (length <= 0)
		return;
	clear_flags(ops, BPF_SOCK_OPS_PARSE_UNKNOWN_HDR_OPT_CB_FLAG);
	reason =
	    length == OPTION_ANSWER_BYTES ? check_option(&option, OPTION_ANSWER, end->first_sequence, &whole_tag) : NESTOR_TAMPER_MALFORMED;
	if (reason)
		refuse(tcp, &option, reason, OPTION_ANSWER);
	else
		announce_outgoing(tag, &option);
}

/*
 * Hook: sockops on the root cgroup, attached only where peers are configured. Lowest kernel: 5.10 (header options).
 * Cost: a call and a prefix look-up a connect; a SipHash for each SYN to a peer and from one; on a connection from a peer a call a segment
 * until the answer was acknowledged, 1024 at most. A listener keeps each client's SYN (some 100 bytes as long as the connection lives).
 * On failure: remote-option, socket-storage; the hop on the other node then begins with an unknown client.
 */
SEC("sockops")
int remote_chain(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;

	if (!sk || !is_turn_at_tracepoint())
		return 1;
	switch (ops->op) {
	case BPF_SOCK_OPS_TCP_LISTEN_CB:
		keep_syns(ops);
		break;
	case BPF_SOCK_OPS_TCP_CONNECT_CB:
		connecting(ops, sk);
		break;
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
		connected(ops, sk);
		break;
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		arrived(ops, sk);
		break;
	case BPF_SOCK_OPS_HDR_OPT_LEN_CB:
		reserve_option(ops, sk);
		break;
	case BPF_SOCK_OPS_WRITE_HDR_OPT_CB:
		write_option(ops, sk);
		break;
	case BPF_SOCK_OPS_PARSE_HDR_OPT_CB:
		answered(ops, sk);
		break;
	}
	return 1;
}

/*
 * Program: iter/tcp, run by nestord in each network namespace after `remote_chain` is attached: listeners that are older keep their SYNs,
 * too. Writes a byte for each. Lowest kernel: 5.15 (bpf_setsockopt in an iterator). Cost: one walk over the namespace's sockets.
 */
SEC("iter/tcp")
int remote_listeners(struct bpf_iter__tcp *iterator)
{
	struct sock_common *sk = iterator->sk_common;
	struct tcp_sock *tcp;
	int kept = 0, one = 1;
	u8 mark = '+';

	if (!sk || sk->skc_state != TCP_LISTEN)
		return 0;
	tcp = bpf_skc_to_tcp_sock(sk);
	if (!tcp || bpf_getsockopt(tcp, IPPROTO_TCP, TCP_SAVE_SYN, &kept, sizeof(kept)) || kept)
		return 0;
	if (!bpf_setsockopt(tcp, IPPROTO_TCP, TCP_SAVE_SYN, &one, sizeof(one)))
		bpf_seq_write(iterator->meta->seq, &mark, sizeof(mark));
	return 0;
}
