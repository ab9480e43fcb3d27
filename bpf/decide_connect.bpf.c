/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "policy.bpf.h"
#include "turn.bpf.h"

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

/* Rules that ask for no address (ports only) match any inet peer; those for unix paths never do. */
static __always_inline void match_address(const struct nestor_address *peer, const struct nestor_rule_bits *applying, u64 generation,
					  struct nestor_rule_bits *matched)
{
	u32 index = (generation & 1) * 4 + NESTOR_RULE_CONNECT;
	struct nestor_event_rules *of_event = bpf_map_lookup_elem(&event_rules, &index);
	struct nestor_cidr_key key = {.slot = generation & 1, .family = peer->family};
	struct nestor_rule_bits *in;

	key.prefix_len = 64 + (peer->family == AF_INET ? 32 : 128);
	__builtin_memcpy(key.addr, peer->addr, sizeof(key.addr));
	in = bpf_map_lookup_elem(&cidrs, &key);
	if (!of_event)
		return;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		matched->word[i] =
		    applying->word[i] & ~of_event->need_path.word[i] & ((in ? in->word[i] : 0) | ~of_event->need_cidr.word[i]);
}

/* `as_v4`: an IPv4 socket takes an address without a family for one of its own when it sends. */
static __always_inline int judge_inet(struct sockaddr *address, int len, bool as_v4, u8 stage)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct judgement judgement = {};
	struct nestor_rule_bits applying;
	struct nestor_address peer = {};
	struct scratch *scratch;

	if (!generation || !context || !rules_for(context, NESTOR_RULE_CONNECT, generation, &applying))
		return 0;
	if (!read_peer(&peer, address, len, as_v4))
		return 0;
	match_address(&peer, &applying, generation, &judgement.matched);
	if (!bits_any(&judgement.matched))
		return 0;
	scratch = take_scratch();
	if (scratch) { /* none: nothing is spared */
		spare_executable(task, context, scratch, NESTOR_RULE_CONNECT, generation, &judgement.matched);
		leave_scratch(scratch);
		if (!bits_any(&judgement.matched))
			return 0;
	}
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_CONNECT, stage);
	judgement.peer = &peer;
	judgement.port = peer.port;
	judge(&judgement);
	return refusal(&judgement);
}

/*
 * Hook: lsm/socket_connect. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM. Cost: nothing without connect rules
 * here, else one prefix look-up.
 */
SEC("lsm/socket_connect")
int FUNCTION_PROG(decide_connect, struct socket *socket, struct sockaddr *address, int len)
{
	return judge_inet(address, len, false, NESTOR_STAGE_CONNECT);
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
	return judge_inet(address, message->msg_namelen, family == AF_INET, NESTOR_STAGE_SEND);
}

static __always_inline int judge_unix(struct task_struct *task, struct task_context *context, u64 generation,
				      const struct nestor_rule_bits *applying, struct sock *other, struct scratch *scratch, u8 stage)
{
	u32 index = (generation & 1) * 4 + NESTOR_RULE_CONNECT;
	struct nestor_event_rules *of_event;
	struct judgement judgement = {};
	struct nestor_rule_bits accepted;
	struct resolved path = {};

	path.len = unix_path_of(other, scratch->path);
	match_path(scratch, path, NESTOR_DFA_UNIX_PATH, generation, &accepted);
	of_event = bpf_map_lookup_elem(&event_rules, &index);
	if (!of_event)
		return 0;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		judgement.matched.word[i] = applying->word[i] & accepted.word[i] & of_event->need_path.word[i];
	if (!bits_any(&judgement.matched))
		return 0;
	if (spare_executable(task, context, scratch, NESTOR_RULE_CONNECT, generation, &judgement.matched)) {
		if (!bits_any(&judgement.matched))
			return 0;
		path.len = unix_path_of(other, scratch->path);
	}
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_CONNECT, stage);
	judgement.subject = scratch->path;
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

static __always_inline int judge_unix_peer(struct sock *other, u8 stage)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct nestor_rule_bits applying;
	struct scratch *scratch;
	int ret;

	if (!other || !generation || !context || !rules_for(context, NESTOR_RULE_CONNECT, generation, &applying))
		return 0;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_unix(task, context, generation, &applying, other, scratch, stage);
	leave_scratch(scratch);
	return ret;
}

/*
 * Hook: lsm/unix_stream_connect. Lowest kernel: 5.17. The path is the one the server bound, however the client spelled it.
 * Cost: nothing without connect rules here, else one map access a byte of the path.
 */
SEC("lsm/unix_stream_connect")
int FUNCTION_PROG(decide_unix_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	return judge_unix_peer(other, NESTOR_STAGE_CONNECT);
}

/* Hook: lsm/unix_may_send: a datagram socket connects, or sends to a socket that it names. Lowest kernel: 5.17. Cost: as above. */
SEC("lsm/unix_may_send")
int FUNCTION_PROG(decide_unix_send, struct socket *socket, struct socket *other)
{
	return judge_unix_peer(other->sk, NESTOR_STAGE_SEND);
}
