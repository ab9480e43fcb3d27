/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "judge.bpf.h"
#include "dns.bpf.h"
#include "turn.bpf.h"

/* To nowhere is to this host (RFC 1122, 3.2.1.3, as Linux has it): the rules for loopback are meant. */
static __always_inline void name_nowhere(struct nestor_address *peer)
{
	const u64 *half = (const u64 *)peer->addr;

	if (half[0] || half[1])
		return;
	peer->addr[0] = peer->family == AF_INET ? 127 : 0;
	peer->addr[peer->family == AF_INET ? 3 : 15] = 1;
}

static __always_inline bool read_peer(struct nestor_address *peer, struct sockaddr *address, int len, bool as_v4)
{
	u16 family = 0;

	if (bpf_probe_read_kernel(&family, sizeof(family), address))
		return false;
	if (family == AF_UNSPEC && as_v4)
		family = AF_INET;
	if (family == AF_INET && len >= (int)sizeof(struct nestor_sockaddr_in)) {
		struct nestor_sockaddr_in in;

		if (bpf_probe_read_kernel(&in, sizeof(in), address))
			return false;
		set_v4(peer, in.addr);
		peer->port = bpf_ntohs(in.port);
		return true;
	}
	if (family == AF_INET6 && len >= (int)sizeof(struct nestor_sockaddr_in6)) {
		struct nestor_sockaddr_in6 in6;

		if (bpf_probe_read_kernel(&in6, sizeof(in6), address))
			return false;
		set_v6(peer, in6.addr);
		peer->port = bpf_ntohs(in6.port);
		return true;
	}
	return false;
}

/* The set of rules whose networks hold the peer. */
static __always_inline u32 match_network(const struct nestor_address *peer, u64 generation)
{
	struct nestor_cidr_key key = {.slot = generation & 1, .family = peer->family};
	u32 *set;

	key.prefix_len = 64 + (peer->family == AF_INET ? 32 : 128);
	__builtin_memcpy(key.addr, peer->addr, sizeof(key.addr));
	set = bpf_map_lookup_elem(&cidrs, &key);
	return set ? *set : NESTOR_SET_NONE;
}

/* Rules that ask for no address (ports only) match any inet peer; those for unix paths never do. */
static __always_inline int judge_peer(const struct decision *decision, struct nestor_address *peer, struct socket *socket, u8 stage)
{
	u32 networks = match_network(peer, decision->generation);
	struct nestor_rule_bits *in = rule_set(networks, decision->generation);
	struct nestor_rule_bits *none = rule_set(NESTOR_SET_NONE, decision->generation);
	struct judgement judgement = {};

	if (names_asked && match_names(&judgement, decision, peer, netns_cookie(BPF_CORE_READ(socket, sk)), networks))
		in = &decision->scratch->by_path;
	if (!match_rules(&judgement, decision, NESTOR_RULE_CONNECT, none, in, false))
		return 0;
	if (decision->scratch->found.sparing && !spare_executable(&judgement, decision))
		return 0;
	begin_judgement(&judgement, decision, NESTOR_RULE_CONNECT, stage);
	judgement.peer = peer;
	judgement.port = peer->port;
	judge(&judgement);
	return refusal(&judgement);
}

/* `as_v4`: an IPv4 socket takes an address without a family for one of its own when it sends. */
static __always_inline int decide_inet(struct socket *socket, struct sockaddr *address, int len, bool as_v4, u8 stage)
{
	struct nestor_address peer = {};
	struct decision decision;
	int ret = 0;

	if (!begin_decision(&decision, NESTOR_RULE_CONNECT))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	if (read_peer(&peer, address, len, as_v4)) {
		name_nowhere(&peer);
		ret = judge_peer(&decision, &peer, socket, stage);
	}
	leave_scratch(decision.scratch);
	return ret;
}

/*
 * Hook: lsm/socket_connect. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM. Cost: nothing without connect rules
 * here, else one prefix look-up; where rules ask for names, one more, and a map access a byte of each name. On failure (no room to work
 * in): policy-state, refused.
 */
SEC("lsm/socket_connect")
int FUNCTION_PROG(decide_connect, struct socket *socket, struct sockaddr *address, int len)
{
	return decide_inet(socket, address, len, false, NESTOR_STAGE_CONNECT);
}

/*
 * Hook: lsm/socket_sendmsg, for messages that name their receiver: datagrams, TCP Fast Open. Lowest kernel: 5.17. Cost: one read a message,
 * with connect rules one prefix look-up a named message.
 */
SEC("lsm/socket_sendmsg")
int FUNCTION_PROG(decide_send, struct socket *socket, struct msghdr *message, int size)
{
	struct sockaddr *address = message->msg_name;
	u16 family;

	if (!address)
		return 0;
	family = BPF_CORE_READ(socket, sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return decide_inet(socket, address, message->msg_namelen, family == AF_INET, NESTOR_STAGE_SEND);
}

static __always_inline int judge_unix(const struct decision *decision, struct sock *other, u8 stage)
{
	struct scratch *scratch = decision->scratch;
	struct judgement judgement = {};
	struct resolved path = {};
	u32 accepted;

	path.len = unix_path_of(other, scratch->path);
	accepted = match_path(scratch, path, NESTOR_DFA_UNIX_PATH, decision->generation);
	if (accepted == NESTOR_SET_NONE)
		return 0;
	if (!match_rules(&judgement, decision, NESTOR_RULE_CONNECT, rule_set(accepted, decision->generation), &scratch->argv, true))
		return 0;
	if (decision->scratch->found.sparing) {
		if (!spare_executable(&judgement, decision))
			return 0;
		path.len = unix_path_of(other, scratch->path);
	}
	begin_judgement(&judgement, decision, NESTOR_RULE_CONNECT, stage);
	judgement.subject = scratch->path;
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

static __always_inline int decide_unix(struct sock *other, u8 stage)
{
	struct decision decision;
	int ret;

	if (!other || !begin_decision(&decision, NESTOR_RULE_CONNECT))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	ret = judge_unix(&decision, other, stage);
	leave_scratch(decision.scratch);
	return ret;
}

/*
 * Hook: lsm/unix_stream_connect. Lowest kernel: 5.17. The path is the one the server bound, however the client spelled it.
 * Cost: nothing without connect rules here, else one map access a byte of the path.
 */
SEC("lsm/unix_stream_connect")
int FUNCTION_PROG(decide_unix_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	return decide_unix(other, NESTOR_STAGE_CONNECT);
}

/* Hook: lsm/unix_may_send: a datagram socket connects, or sends to a socket that it names. Lowest kernel: 5.17. Cost: as above. */
SEC("lsm/unix_may_send")
int FUNCTION_PROG(decide_unix_send, struct socket *socket, struct socket *other)
{
	return decide_unix(other->sk, NESTOR_STAGE_SEND);
}
