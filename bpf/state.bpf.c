/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Variables shared by all programs and by nestord through the mapped data sections. */
#include "abi.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * All of these but the `const` ones are pinned with the maps: a restarted nestord goes on with them.
 *
 * Ids are unique for one boot: nestord starts the counter at the boot time in units of 1024 ns, shifted over what one start can use up.
 */
__u64 last_hop_id = 0;

/* 1: the reader waits in epoll and wants a wake-up. */
__u32 reader_sleeps = 0;

/* Records that nestord read and gave back before their events had time to reach anybody: a killed one's are lost. Written by nestord. */
__u64 unsure_records = 0;
/* All of these that were lost so, and how many of them were told. */
__u64 undelivered = 0;
__u64 undelivered_told = 0;

/* Runs that the kernel left out (recursion_misses) of earlier instances' programs; and how many of all were told. Written by nestord. */
__u64 missed_before = 0;
__u64 missed_told = 0;
/* Of these, what a second program of the same hook then did. */
__u64 made_good = 0;

/* See turn.bpf.h. Written by nestord when its programs are attached; 0: nobody works. */
__u64 active_instance = 0;
__u64 next_instance = 0;
const volatile __u64 instance = 0;

const volatile __u32 host_mnt_ns = 0;
/* The cgroup that nestord sees as the root: it and what is above are the node's, also where the node is itself a container (kind). */
const volatile __u64 top_cgroup = 1;
const volatile bool node_scope = false;
/* So much of argv is inspected for rules; what is longer is not known to its end. */
const volatile __u32 argv_most = NESTOR_ARGV_INSPECTED;

/* So many hops above a task are looked at for rules that ask for its way; at most NESTOR_WAY_MOST. */
const volatile __u32 way_most = NESTOR_WAY_MOST;

/* Names that pods are told by name servers: see dns.bpf.h. The first is written by nestord, before a generation that asks and after the
 * last. */
__u32 names_asked = 0;
/* Addresses of the kernel's variables of these names (x86-64), for answers that lie in pages; written by nestord. 0: not known. */
__u64 vmemmap_base_at = 0;
__u64 page_offset_base_at = 0;
const volatile __u32 told_per_netns = 1024;
const volatile __u64 told_for_ns = 3600000000000ULL;

/* The policy generation in force; its tables are in slot (generation & 1). 0: no rules. Written last when a set is loaded. */
__u64 policy_generation = 0;
/* One more each time that a container's rules change within a generation: what tasks remember of them counts no longer. */
__u64 policy_changes = 0;
/* The numbering of agents that marks are made by from now on; 0: no rule asks for agents. Written by nestord, behind policy_generation. */
__u32 agents_stamp = 0;
/* What nestord made that generation from, as a hash: a restarted one knows whether its policies are the same. */
__u64 policy_fingerprint = 0;

/*
 * Always 0, which the verifier cannot know. Before 6.7 (commit ab5cfac139ab) it looks at one round of a bpf_loop callback only, takes a
 * constant of the caller's stack for the value of all rounds, and drops the branches it rules out: what such a branch tests starts from
 * this.
 */
__u32 unknown_zero = 0;

/* What a fresh entry of pending_hops and hop_table is made from: too large for the stack. */
const volatile struct nestor_hop empty_hop = {};
const volatile __u64 zeros[NESTOR_ZEROS] = {};

/* 1: some connection is used by more than one hop: receivers look into `senders`. Never taken back. */
__u32 shared_connections = 0;

/* 1: some host process connected into a pod. Never taken back. */
__u32 pods_were_reached = 0;

/* 1: some context is in spare_contexts. Never taken back. */
__u32 spares_begun = 0;

/*
 * nestord's own process, in the root pid namespace, when it began (a killed one's pid is another's soon), its container (0: the host), and
 * enum nestor_protect. Written by nestord.
 */
__u32 guard_tgid = 0;
__u64 guard_start_ns = 0;
__u32 guard_level = 0;
__u64 guard_container = 0;

/* Whether chains go to other nodes, and come from them: false leaves no trace of it in the programs. */
const volatile bool peers_configured = false;

/* This node's id, which answers carry. */
const volatile __u32 own_node = 0;

/* Wall clock less boot clock, kept by nestord once a second: the time windows of options are the same on all nodes. */
__u64 realtime_offset_ns = 0;

/* Which of the two entries of peer_keys counts. */
__u32 peer_key_slot = 0;
