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

/*
 * Hook: lsm/socket_connect. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM. Cost: nothing without connect rules
 * here, else one prefix look-up.
 */
SEC("lsm/socket_connect")
int FUNCTION_PROG(decide_connect, struct socket *socket, struct sockaddr *address, int len, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);
	u64 generation = policy_generation;
	struct judgement judgement = {};
	struct nestor_rule_bits applying;
	struct nestor_address peer = {};
	struct scratch *scratch;

	if (ret || !generation || !context || !rules_for(context, NESTOR_RULE_CONNECT, generation, &applying))
		return ret;
	if (!read_peer(&peer, address, len))
		return 0;
	match_address(&peer, &applying, generation, &judgement.matched);
	if (!bits_any(&judgement.matched))
		return 0;
	scratch = take_scratch();
	if (scratch) { /* none: nothing is spared */
		spare_executable(task, scratch, NESTOR_RULE_CONNECT, generation, &judgement.matched);
		leave_scratch(scratch);
		if (!bits_any(&judgement.matched))
			return 0;
	}
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_CONNECT, NESTOR_STAGE_CONNECT);
	judgement.peer = &peer;
	judgement.port = peer.port;
	judge(&judgement);
	return refusal(&judgement);
}

static __always_inline int judge_unix(struct task_struct *task, struct task_context *context, u64 generation,
				      const struct nestor_rule_bits *applying, struct sock *other, struct scratch *scratch)
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
	if (spare_executable(task, scratch, NESTOR_RULE_CONNECT, generation, &judgement.matched)) {
		if (!bits_any(&judgement.matched))
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
	struct nestor_rule_bits applying;
	struct scratch *scratch;

	if (ret || !generation || !context || !rules_for(context, NESTOR_RULE_CONNECT, generation, &applying))
		return ret;
	scratch = take_scratch();
	if (!scratch)
		return -EPERM;
	ret = judge_unix(task, context, generation, &applying, other, scratch);
	leave_scratch(scratch);
	return ret;
}
