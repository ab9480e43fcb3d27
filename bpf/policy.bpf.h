/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables of policies: which rules apply to a task's container, which patterns accept a text. judge.bpf.h decides.
 *
 * A generation of policy lives in slot (generation & 1) of every table. nestord fills the idle slot, then writes `policy_generation`:
 * each decision reads that one word once, so it sees one whole generation.
 */
#ifndef NESTOR_POLICY_BPF_H
#define NESTOR_POLICY_BPF_H

#include "automaton.bpf.h"
#include "fiber.bpf.h"
#include "path.bpf.h"

#define CHUNK 128
#define LOGIN_TITLE 128 /* bytes of an sshd's title that are read; a power of two */
#define MAX_CHUNKS                                                                                                                         \
	1024 /* at entry 1024 arguments, or pieces of 127 bytes, are inspected; the second stage, which has them as one text, goes on to   \
		argv_bytes */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * NESTOR_RULE_EVENTS);
	__type(key, u32);
	__type(value, struct nestor_event_rules);
} event_rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * NESTOR_MAX_RULES);
	__type(key, u32);
	__type(value, struct nestor_rule);
} rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct nestor_applying);
} default_rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64); /* container cgroup id */
	__type(value, struct nestor_container_rules);
} container_rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct nestor_agents);
} agent_numbering __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * NESTOR_MAX_CIDRS);
	__type(key, struct nestor_cidr_key);
	__type(value, u32); /* a set of rules */
} cidrs __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * NESTOR_MAX_DIGESTS);
	__type(key, struct nestor_digest_key);
	__type(value, u32); /* a set of rules */
} digests __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * NESTOR_MAX_USERS);
	__type(key, struct nestor_user_key);
	__type(value, u64);
} user_lists __weak SEC(".maps");

/*
 * Room to work in while one program runs. Not per-CPU memory, for from 6.13 on (lazy preemption) another program may run in between; nor a
 * task's own, for 8 KiB of each process under rules would be what nestor takes most of.
 */
struct scratch {
	u32 taken;
	u32 pad;
	struct nestor_rule_bits matched; /* too large for the stack, as are the others */
	struct nestor_rule_bits argv;    /* accept it */
	struct nestor_rule_bits by_path; /* the same of a path */
	struct found {                   /* not 0: some of those that matched */
		u64 any;
		u64 sparing;     /* leave some executables alone */
		u64 asking_file; /* ask what the program's file is */
		u64 asking_way;  /* ask which way the chain came */
		u64 digests;     /* ask for the program's digest */
	} found;
	struct way {                         /* that the chain came */
		u64 asked;                   /* not 0: some rule that matched asks for it; else the rest is of another decision */
		u64 places;                  /* lists of containers that it left one of: see nestor_applying */
		u64 agents;                  /* marks without their stamp: agents that it came through */
		u64 users;                   /* lists of users that one is on who logged in */
		u32 hops;                    /* kinds of its hops: bits (1 << enum nestor_hop_kind) */
		u32 unseen;                  /* 1: not known to its end, or one of several */
		char title[LOGIN_TITLE + 8]; /* here for want of a stack: see learn_login */
	} way;
	char chunk[CHUNK + DFA_STEP]; /* the piece of argv that is being matched */
	char path[NESTOR_PATH_BYTES + MAX_NAME + 1];
};

#define SCRATCHES 256 /* a power of two */
#define SCRATCHES_TRIED 16

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, u32);
	__type(value, struct scratch);
} scratches __weak SEC(".maps");

extern u64 policy_generation; /* state.bpf.c; 0: no rules at all */
extern u64 policy_changes;
extern const volatile u32 argv_most;

static __noinline __maybe_unused struct task_context *recover_to_judge(struct task_struct *task)
{
	struct task_context *context = (task->flags & PF_KTHREAD) ? NULL : context_recover(task);

	return context || (task->flags & PF_KTHREAD) ? context : context_of_ancestor(task);
}

/* Whose rules count: a task without a context of its own, as io_uring's workers, is under those of its process. NULL: a kernel thread. */
static __always_inline struct task_context *context_to_judge(struct task_struct *task)
{
	struct task_context *context = find_context(task);

	return context ? context : recover_to_judge(task);
}

/* `context` is one that has_rules was asked about. */
static __always_inline bool is_of_image(const struct task_context *context, struct super_block *sb)
{
	return context->image_device && context->image_device == BPF_CORE_READ(sb, s_dev);
}

/*
 * The path that rules are asked about. A file of the container's image goes by its place in the image, whatever bind mounts, new roots or
 * other overlays it is reached through; any other file by its place in the tree of mounts.
 */
static __always_inline struct resolved subject_path(const struct task_context *context, struct vfsmount *mnt, struct dentry *dentry,
						    char *buffer)
{
	if (is_of_image(context, BPF_CORE_READ(dentry, d_sb)))
		mnt = NULL;
	return path_resolve(mnt, dentry, NULL, NULL, buffer, PATH_LARGE);
}

/* The same of what the verifier knows the types of: no read by helper but of names. */
static __always_inline struct resolved subject_path_near(const struct task_context *context, struct file *file, char *buffer)
{
	struct dentry *dentry = file->f_path.dentry;
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt); /* a number: what may be a pointer or NULL is two ways on to the verifier */

	if (context->image_device && context->image_device == dentry->d_sb->s_dev)
		mnt = NULL;
	return path_resolve_near(mnt, dentry, buffer);
}

static __always_inline struct resolved path_of_file(const struct task_context *context, struct file *file, char *buffer)
{
	return subject_path(context, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), buffer);
}

/* What applies in a container; NULL does not happen. May be another container's soon after: read it at once. */
static __always_inline struct nestor_applying *applying_in(u64 container, u64 generation)
{
	struct nestor_container_rules *named = bpf_map_lookup_elem(&container_rules, &container);
	u32 slot = generation & 1;

	if (named)
		return slot ? &named->slot[1] : &named->slot[0]; /* a constant index: the verifier lost the bound of `slot` */
	return bpf_map_lookup_elem(&default_rules, &slot);
}

_Static_assert(NESTOR_APPLIES_DIGESTS < NESTOR_APPLIES_BITS, "all that has_rules is asked about");

/*
 * While this stays the same, so do the rules of all containers. It is one number of 40 bits, and beneath it room for what applies: see
 * rules_seen of a task. Both numbers only grow, so it comes again when containers changed 2^40 times or generations 2^24 times while a task
 * did nothing that is judged. One who read the generation just before it went on takes another moment for its own only where 2^16
 * containers changed meanwhile.
 */
static __always_inline u64 rules_moment(u64 generation)
{
	return ((generation << 16) + *(volatile u64 *)&policy_changes) << NESTOR_APPLIES_BITS;
}

/* The device of the file system that is a container's root; 0: its root is a part of one, or not known. */
static __always_inline u32 image_device_of(u64 id)
{
	struct nestor_container *container = bpf_map_lookup_elem(&containers, &id);

	return container ? container->image_device : 0;
}

/* Looked up and remembered: rules_seen last, which says that the others are there. Not inlined: what is remembered costs no spills. */
static __noinline __maybe_unused u64 learn_rules(struct task_context *context, u64 container, u64 generation)
{
	u64 seen = rules_moment(generation);
	struct nestor_applying *here = applying_in(container, generation);

	if (here)
		seen |= here->events & ((1ULL << NESTOR_APPLIES_BITS) - 1);
	context->image_device = image_device_of(container);
	context->rules_of = container;
	*(volatile u64 *)&context->rules_seen = seen;
	return seen;
}

/*
 * Whether rules of this kind of event apply where the task is. Cost: a compare of what the task remembers, else a look-up. Tasks without a
 * context of their own share one: the kinds are in one word with their moment, so that nobody takes them for another moment's.
 */
static __always_inline bool has_rules(struct task_context *context, u32 event, u64 generation)
{
	u64 container = context->container, seen = *(volatile u64 *)&context->rules_seen;

	if (!container)
		return false;
	if ((seen ^ rules_moment(generation)) >> NESTOR_APPLIES_BITS || context->rules_of != container)
		seen = learn_rules(context, container, generation);
	return seen >> event & 1;
}

static __always_inline struct nestor_event_rules *rules_of_event(u32 event, u64 generation)
{
	u32 index = (generation & 1) * NESTOR_RULE_EVENTS + event;

	return bpf_map_lookup_elem(&event_rules, &index);
}

struct path_run {
	struct dfa_run dfa;
	struct scratch *scratch;
	u64 generation;
	u32 at;  /* in scratch->path */
	u32 hit; /* not 0: scratch->by_path has rules that match whatever follows */
};

static long path_bytes(u32 index, void *argument)
{
	struct path_run *run = argument;

	run->at += dfa_read(&run->dfa, run->scratch->path - DFA_STEP + (run->at & (NESTOR_PATH_BYTES - 1)), false);
	return run->dfa.state == NESTOR_DFA_DEAD;
}

/* Puts a set into scratch->by_path, or with `begun` adds it. A function to the verifier, too. */
__noinline __weak int add_by_path(struct scratch *scratch, u32 set, u32 begun, u64 generation)
{
	struct nestor_rule_bits *more = rule_set(set, generation);
	u64 keep = begun ? ~0ULL : 0;

	if (!scratch || !more)
		return 0;
	for (u32 i = 0; i < NESTOR_RULE_WORDS; i++)
		scratch->by_path.word[i] = (scratch->by_path.word[i] & keep) | more->word[i];
	return 0;
}

static long path_bytes_and_hits(u32 round, void *argument)
{
	struct path_run *run = argument;
	u32 hits;

	run->at += dfa_read(&run->dfa, run->scratch->path - DFA_STEP + (run->at & (NESTOR_PATH_BYTES - 1)), true);
	hits = dfa_hits(&run->dfa);
	if (hits != NESTOR_SET_NONE) {
		add_by_path(run->scratch, hits, run->hit, run->generation);
		run->hit = 1;
	}
	return !run->dfa.left || run->dfa.state == NESTOR_DFA_DEAD;
}

/* Reads the path in the scratch, from run->at on, run->dfa.left bytes; hits go to scratch->by_path. */
static __always_inline void read_path(struct path_run *run)
{
	bpf_loop(run->dfa.left, path_bytes_and_hits, run, 0); /* a round reads a byte at least */
}

/*
 * The rules whose pattern accepts the path that lies in the scratch, in scratch->by_path. False: none, and nothing is there. `kind`: one
 * whose automaton has hits.
 */
static __always_inline bool find_by_path(struct scratch *scratch, struct resolved path, u32 kind, u64 generation)
{
	struct path_run run = {.scratch = scratch, .generation = generation, .at = path.offset, .hit = unknown_zero};
	u32 set = NESTOR_SET_ALL;

	if (!path.truncated && dfa_begin(&run.dfa, kind, generation)) {
		run.dfa.left = path.len;
		read_path(&run);
		set = dfa_accepts(&run.dfa);
	}
	if (set == NESTOR_SET_NONE && !run.hit)
		return false;
	add_by_path(scratch, set, run.hit, generation);
	return true;
}

/* The set of rules whose pattern accepts the path that lies in the scratch. */
static __always_inline u32 match_path(struct scratch *scratch, struct resolved path, u32 kind, u64 generation)
{
	struct path_run run = {.scratch = scratch, .at = path.offset};

	if (!dfa_begin(&run.dfa, kind, generation))
		return NESTOR_SET_ALL;
	run.dfa.left = path.len;
	bpf_loop(dfa_steps(path.len), path_bytes, &run, 0);
	return dfa_accepts(&run.dfa);
}

struct scratch_search {
	struct scratch *found;
	u32 first;
};

static __always_inline struct scratch *scratch_if_free(u32 index)
{
	u32 key = index & (SCRATCHES - 1);
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);

	return scratch && !__sync_val_compare_and_swap(&scratch->taken, 0, 1) ? scratch : NULL;
}

static long try_scratch(u32 index, void *argument)
{
	struct scratch_search *search = argument;

	search->found = scratch_if_free(search->first + index);
	return !!search->found;
}

/*
 * NULL: so many programs at once were interrupted on this CPU that no room was free; counted. The caller gives it back with leave_scratch
 * before it ends.
 */
static __always_inline struct scratch *take_scratch(void)
{
	struct scratch_search search = {.first = bpf_get_smp_processor_id() * SCRATCHES_TRIED};

	search.found = scratch_if_free(search.first); /* as a rule it is */
	if (!search.found)
		bpf_loop(SCRATCHES_TRIED, try_scratch, &search, 0);
	if (!search.found)
		count_loss(NESTOR_LOSS_POLICY_STATE);
	return search.found;
}

static __always_inline void leave_scratch(struct scratch *scratch)
{
	__sync_val_compare_and_swap(&scratch->taken, 1, 0);
}

#endif
