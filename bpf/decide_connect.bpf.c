/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "address.bpf.h"
#include "policy.bpf.h"
#include "turn.bpf.h"

static __always_inline bool read_peer(struct nestor_address *peer, struct sockaddr *address, int len)
{
	u16 family = 0;

	if (bpf_probe_read_kernel(&family, sizeof(family), address))
		return false;
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
static __always_inline int judge_connect(struct task_struct *task, struct task_context *context, u64 generation,
					 struct nestor_address *peer, struct scratch *scratch)
{
	struct judgement judgement = {};

	if (!match_rules(&judgement, scratch, context->container, generation, NESTOR_RULE_CONNECT, NESTOR_SET_NONE,
			 rule_set(match_network(peer, generation), generation), false))
		return 0;
	if (judgement.asks_executable && !spare_executable(&judgement, task, scratch, generation))
		return 0;
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_CONNECT, NESTOR_STAGE_CONNECT);
	judgement.peer = peer;
	judgement.port = peer->port;
	judge(&judgement);
	return refusal(&judgement);
}

/*
 * Hook: lsm/socket_connect. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM. Cost: nothing without connect rules
 * here, else one prefix look-up. On failure (no room to work in): policy-state, the connection is refused.
 */
SEC("lsm/socket_connect")
int FUNCTION_PROG(decide_connect, struct socket *socket, struct sockaddr *address, int len, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);
	u64 generation = policy_generation;
	struct nestor_address peer = {};
	struct scratch *scratch;

	if (ret || !generation || !context || !has_rules(context, NESTOR_RULE_CONNECT, generation))
		return ret;
	if (!read_peer(&peer, address, len))
		return 0;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_connect(task, context, generation, &peer, scratch);
	leave_scratch(scratch);
	return ret;
}

static __always_inline int judge_unix(struct task_struct *task, struct task_context *context, u64 generation, struct sock *other,
				      struct scratch *scratch)
{
	struct judgement judgement = {};
	struct resolved path = {};
	u32 accepted;

	path.len = unix_path_of(other, scratch->path);
	accepted = match_path(scratch, path, NESTOR_DFA_UNIX_PATH, generation);
	if (accepted == NESTOR_SET_NONE)
		return 0;
	if (!match_rules(&judgement, scratch, context->container, generation, NESTOR_RULE_CONNECT, accepted, &scratch->argv, true))
		return 0;
	if (judgement.asks_executable) {
		if (!spare_executable(&judgement, task, scratch, generation))
			return 0;
		path.len = unix_path_of(other, scratch->path);
	}
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_CONNECT, NESTOR_STAGE_CONNECT);
	judgement.subject = scratch->path;
	judgement.subject_len = path.len;
	judge(&judgement);
	return refusal(&judgement);
}

/*
 * Hook: lsm/unix_stream_connect. Lowest kernel: 5.17. The path is the one the server bound, however the client spelled it.
 * Cost: nothing without connect rules here, else one map access a byte of the path.
 */
SEC("lsm/unix_stream_connect")
int FUNCTION_PROG(decide_unix_connect, struct sock *sock, struct sock *other, struct sock *newsk, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);
	u64 generation = policy_generation;
	struct scratch *scratch;

	if (ret || !generation || !context || !has_rules(context, NESTOR_RULE_CONNECT, generation))
		return ret;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_unix(task, context, generation, other, scratch);
	leave_scratch(scratch);
	return ret;
}
