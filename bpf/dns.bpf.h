/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of peers, for connect rules that ask for them: an address is known by a name where a process of the same network namespace was told
 * so by a name server. dns.bpf.c reads the answers, before the process does. The texts are kept and not the rules that they match, so that
 * a new generation of policy counts for what was told before it.
 */
#ifndef NESTOR_DNS_BPF_H
#define NESTOR_DNS_BPF_H

#include "judge.bpf.h"

/* Full: dns-names, and the address is not known by its name. nestord takes out what is over, and what is of namespaces that are gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct nestor_told_key);
	__type(value, struct nestor_told);
} told_addresses __weak SEC(".maps");

/* As many, and the same when it is full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct nestor_name_key);
	__type(value, struct nestor_name);
} dns_names __weak SEC(".maps");

/* What each network namespace has of both, so that one pod cannot fill the tables for all. nestord counts anew when it takes out. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, struct nestor_told_count);
} told_counts __weak SEC(".maps");

extern u32 names_asked; /* state.bpf.c */
extern const volatile u32 told_per_netns;
extern const volatile u64 told_for_ns;

/* Of a socket's network namespace; never used again (struct net, since 5.12). */
static __always_inline u64 netns_cookie(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
}

/* In a scratch's chunk: the stack of 6.1 has no room for them. */
struct name_keys {
	struct nestor_told_key told;
	struct nestor_name_key name;
};

struct name_run {
	struct dfa_run dfa;
	struct scratch *scratch;
	const struct nestor_told *told;
	const struct nestor_name *name;
	const char *matched; /* out: the text of one that some rule accepts; NULL: none */
	u64 generation;
	u32 at;
	u32 matched_len;
};

static long name_bytes(u32 round, void *argument)
{
	struct name_run *run = argument;

	run->at += dfa_read(&run->dfa, run->name->text + (run->at & 255), false);
	return run->dfa.state == NESTOR_DFA_DEAD;
}

/* The rules that accept one of the names are added to scratch->by_path. */
static long match_name(u32 index, void *argument)
{
	struct name_run *run = argument;
	struct name_keys *keys = (void *)run->scratch->chunk;
	u32 set;

	keys->name.hash = run->told->name[index & (NESTOR_NAMES_TOLD - 1)];
	if (!keys->name.hash)
		return 1;
	run->name = bpf_map_lookup_elem(&dns_names, &keys->name);
	if (!run->name || !dfa_begin(&run->dfa, NESTOR_DFA_DNS_NAME, run->generation))
		return 0;
	run->at = unknown_zero;
	run->dfa.left = run->name->len & 255;
	bpf_loop(dfa_steps(run->dfa.left), name_bytes, run, 0);
	set = dfa_accepts(&run->dfa);
	if (set == NESTOR_SET_NONE)
		return 0;
	add_by_path(run->scratch, set, 1, run->generation);
	run->matched = run->name->text + NESTOR_DNS_MARGIN;
	run->matched_len = run->name->len;
	return 0;
}

/*
 * The rules for the names that processes of this network namespace know the peer by, in scratch->by_path beside `networks`; the judgement
 * shows the name. False: no name is known, and nothing is there. Not inlined: the stack of 6.1 has no room for it beside a judgement.
 */
static __noinline __maybe_unused bool match_names(struct judgement *judgement, const struct decision *decision,
						  const struct nestor_address *peer, u64 netns, u32 networks)
{
	struct name_run run = {.scratch = decision->scratch, .generation = decision->generation, .matched_len = unknown_zero};
	struct name_keys *keys = (void *)run.scratch->chunk;

	keys->told.netns = netns;
	keys->told.family = peer->family;
	keys->told.pad = 0;
	__builtin_memcpy(keys->told.addr, peer->addr, sizeof(keys->told.addr));
	keys->name.netns = netns;
	run.told = bpf_map_lookup_elem(&told_addresses, &keys->told);
	if (!run.told || run.told->until_ns < bpf_ktime_get_boot_ns())
		return false;
	add_by_path(run.scratch, networks, 0, run.generation);
	bpf_loop(NESTOR_NAMES_TOLD, match_name, &run, 0);
	judgement->subject = run.matched;
	judgement->subject_len = run.matched_len;
	return true;
}

#endif
