/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a chain goes on to another node. The client's SYN carries its hop in a TCP option (kind 253, RFC 6994's shared experiments), and the
 * server answers with its own hop on its first data once a process runs in it. Addresses may be translated on the way (a Service's DNAT);
 * options and sequence numbers are not.
 *
 * Trust: the option is sent only toward the networks of peers, taken only from them, and carries a tag of 40 bits: SipHash-2-4 by a key
 * that all nodes share, over all that is said, the client's initial sequence number and the time (windows of 2^36 ns, 69 s; one window
 * older or newer is accepted). A tag is accepted once: see `seen_options`. Who guesses needs 2^40 connections on average, each of which
 * is reported (2^39 while two keys are accepted).
 */
#ifndef NESTOR_REMOTE_BPF_H
#define NESTOR_REMOTE_BPF_H

#include "connection.bpf.h"
#include "siphash.h"

#define OPTION_KIND 253
#define OPTION_EXPERIMENT 0x534e /* "NS" as it lies in memory */
#define OPTION_SYN_BYTES 20      /* what a SYN has left beside MSS, SACK, timestamps and window scale */
#define OPTION_ANSWER_BYTES 24
#define OPTION_TAG_BITS 40
#define WINDOW_SHIFT 36
#define PID_BITS 22 /* pid_max is at most 4194304 */
#define PID_MASK ((1U << PID_BITS) - 1)
#define ANSWER_SEGMENTS 1024 /* looked at for an answer; what starts later is not told to the client's node */

/* Little-endian. */
struct remote_option {
	u8 kind;
	u8 length;
	u16 experiment;
	u64 hop_id;
	u8 pid_and_window[3]; /* 22 bits of pid; the window's number modulo 4 */
	u8 tag[5];
	u32 node; /* answers only: who answers */
} __attribute__((packed));

_Static_assert(sizeof(struct remote_option) == OPTION_ANSWER_BYTES, "the option changed size");

enum option_direction { OPTION_SYN = 1, OPTION_ANSWER = 2 };

/* What a connection to or from another node says. */
struct remote_end {
	u64 hop_id;     /* the client's hop: here on the client's side, there on the server's */
	u64 answer_hop; /* server: the hop that the connection opened; 0: not yet */
	u32 pid;        /* the client */
	u32 answer_pid; /* server: who accepted */
	u32 node;       /* server: the client's node */
	u32 first_sequence;
	u32 answered_at; /* server: the first sequence number whose acknowledgement shows that the answer came */
	u16 looked;      /* server: segments without an answer */
	u8 answered;
	u8 verified; /* server: the client's hop is known to be true */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct remote_end);
} remotes __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NESTOR_MAX_PEER_NETWORKS);
	__type(key, struct nestor_peer_network);
	__type(value, u32); /* NodeId of the peer */
} peer_networks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2); /* peer_key_slot says which one counts */
	__type(key, u32);
	__type(value, struct nestor_peer_keys);
} peer_keys __weak SEC(".maps");

/*
 * Tags that were accepted, in all their 64 bits. An entry must live for three windows (206 s): 65536 of them stand for 317 connections a
 * second from other nodes; with more, the oldest ones could be replayed sooner.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u8);
} seen_options __weak SEC(".maps");

extern const volatile bool peers_configured; /* state.bpf.c */
extern const volatile u32 own_node;
extern u64 realtime_offset_ns;
extern u32 peer_key_slot;

/* NodeId of the peer that an address belongs to; 0: of none. */
static __always_inline u32 peer_of(const struct nestor_address *address)
{
	struct nestor_peer_network key = {.prefix_len = 128};
	u32 *node;

	if (address->family == AF_INET) {
		key.addr[10] = key.addr[11] = 0xff;
		__builtin_memcpy(key.addr + 12, address->addr, 4);
	} else {
		__builtin_memcpy(key.addr, address->addr, 16);
	}
	node = bpf_map_lookup_elem(&peer_networks, &key);
	return node ? *node : 0;
}

static __always_inline u64 time_window(void)
{
	return (bpf_ktime_get_boot_ns() + realtime_offset_ns) >> WINDOW_SHIFT;
}

static __always_inline u32 pid_and_window_of(const struct remote_option *option)
{
	return option->pid_and_window[0] | option->pid_and_window[1] << 8 | option->pid_and_window[2] << 16;
}

/* `window`: the one that the option was made in. */
static __always_inline u64 tag_of(const u64 *key, const struct remote_option *option, u8 direction, u32 first_sequence, u64 window)
{
	u64 words[] = {
	    option->hop_id,
	    (u64)first_sequence << 32 | pid_and_window_of(option) << 8 | direction,
	    window,
	    direction == OPTION_ANSWER ? option->node : 0,
	};

	return nestor_siphash(key, words, 4);
}

static __always_inline const struct nestor_peer_keys *current_keys(void)
{
	u32 slot = peer_key_slot & 1;

	return bpf_map_lookup_elem(&peer_keys, &slot);
}

static __always_inline bool make_option(struct remote_option *option, u8 direction, u64 hop_id, u32 pid, u32 first_sequence)
{
	const struct nestor_peer_keys *keys = current_keys();
	u64 window = time_window();
	u32 packed = (pid & PID_MASK) | (u32)(window & 3) << PID_BITS;
	u64 tag;

	if (!keys || !keys->count)
		return false;
	option->kind = OPTION_KIND;
	option->length = direction == OPTION_ANSWER ? OPTION_ANSWER_BYTES : OPTION_SYN_BYTES;
	option->experiment = OPTION_EXPERIMENT;
	option->hop_id = hop_id;
	option->pid_and_window[0] = packed;
	option->pid_and_window[1] = packed >> 8;
	option->pid_and_window[2] = packed >> 16;
	option->node = own_node;
	tag = tag_of(keys->key[0], option, direction, first_sequence, window);
	for (int i = 0; i < 5; i++)
		option->tag[i] = tag >> (8 * i);
	return true;
}

/* The time window that an option says it is from; 0: none that is accepted. */
static __always_inline u64 window_of(const struct remote_option *option)
{
	u64 now = time_window();
	u32 ahead = ((pid_and_window_of(option) >> PID_BITS) - (u32)now) & 3;

	if (ahead == 2)
		return 0;
	return ahead == 3 ? now - 1 : now + ahead;
}

/* 0: genuine, and the whole tag goes to `tag`; else enum nestor_tamper_reason. */
static __always_inline u8 check_option(const struct remote_option *option, u8 direction, u32 first_sequence, u64 *tag)
{
	const struct nestor_peer_keys *keys = current_keys();
	u64 window = window_of(option);
	u64 claimed = 0;

	if (!window)
		return NESTOR_TAMPER_STALE;
	for (int i = 0; i < 5; i++)
		claimed |= (u64)option->tag[i] << (8 * i);
	for (u32 i = 0; keys && i < NESTOR_PEER_KEYS; i++) {
		if (i >= keys->count)
			break;
		*tag = tag_of(keys->key[i], option, direction, first_sequence, window);
		if (((*tag ^ claimed) & ((1ULL << OPTION_TAG_BITS) - 1)) == 0)
			return 0;
	}
	return NESTOR_TAMPER_FORGED;
}

/* What a connection from another node carries; NULL: it comes from none, or its option was refused. */
static __always_inline struct remote_end *verified_remote(struct sock *sk)
{
	struct remote_end *end;

	if (!peers_configured)
		return NULL;
	end = bpf_sk_storage_get(&remotes, sk, NULL, 0);
	return end && end->verified ? end : NULL;
}

#endif
