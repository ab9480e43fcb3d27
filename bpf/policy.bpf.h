/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deciding: which rules apply to a task's container, which of them match, what follows.
 *
 * A generation of policy lives in slot (generation & 1) of every table. nestord fills the idle slot, then writes `policy_generation`:
 * each decision reads that one word once, so it sees one whole generation.
 *
 * What cannot be inspected (no memory, a path or argv beyond its bound) counts as matched by all rules that asked for it, but for those
 * that allow: every decision fails closed, unless a rule says `onTruncated: audit`.
 */
#ifndef NESTOR_POLICY_BPF_H
#define NESTOR_POLICY_BPF_H

#include "fiber.bpf.h"
#include "path.bpf.h"

#define CHUNK 128
#define MAX_CHUNKS 1024 /* argv beyond 1024 arguments or pieces of 127 bytes is not inspected at entry; at exec 128 KiB are */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NESTOR_DFA_KINDS * 2 * NESTOR_DFA_STATES);
	__type(key, u32);
	__type(value, struct nestor_dfa_row);
} dfa_rows __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NESTOR_DFA_KINDS * 2 * NESTOR_DFA_STATES);
	__type(key, u32);
	__type(value, struct nestor_rule_bits);
} dfa_accepts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
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
	__type(value, struct nestor_rule_bits);
} default_rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64); /* container cgroup id */
	__type(value, struct nestor_container_rules);
} container_rules __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * NESTOR_MAX_CIDRS);
	__type(key, struct nestor_cidr_key);
	__type(value, struct nestor_rule_bits);
} cidrs __weak SEC(".maps");

/* What the first stage of an exec found. From the system call's entry on until the new program runs: no process keeps it for its life. */
struct entry {
	struct nestor_rule_bits argv;     /* accepted at syscall entry */
	struct nestor_rule_bits reported; /* verdicts given at bprm_check: not again at exec */
	u64 generation;                   /* of the two above; 0: nothing there */
	u32 argv_len;                     /* of the copy below, for the verdict's words only */
	u32 argv_seen;                    /* `argv` was read to its end */
	const char *text;                 /* argv at entry: where the present string goes on; here, not on the stack: see unknown_zero */
	char argv_text[NESTOR_NAME_DATA + CHUNK];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct entry);
} entries __weak SEC(".maps");

/*
 * Room to work in while one program runs. Not per-CPU memory, for from 6.13 on (lazy preemption) another program may run in between; nor a
 * task's own, for 8 KiB of each process under rules would be what nestor takes most of.
 */
struct scratch {
	u32 taken;
	u32 pad;
	char chunk[CHUNK]; /* the piece of argv that is being matched: too large for the stack */
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

static __always_inline bool bits_any(const struct nestor_rule_bits *bits)
{
	return bits->word[0] | bits->word[1] | bits->word[2] | bits->word[3];
}

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

static __always_inline bool is_of_image(const struct task_context *context, struct super_block *sb)
{
	u64 id = context->container;
	struct container *container = bpf_map_lookup_elem(&containers, &id);

	return container && container->image_device && container->image_device == BPF_CORE_READ(sb, s_dev);
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

static __always_inline struct resolved path_of_file(const struct task_context *context, struct file *file, char *buffer)
{
	return subject_path(context, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), buffer);
}

/* The rules of this kind of event that apply where the task is. False: none. */
static __always_inline bool rules_for(struct task_context *context, u32 event, u64 generation, struct nestor_rule_bits *applying)
{
	u32 slot = generation & 1, index = slot * 4 + event;
	struct nestor_container_rules *named;
	struct nestor_event_rules *of_event;
	struct nestor_rule_bits *here;
	u64 container = context->container;

	if (!container)
		return false;
	of_event = bpf_map_lookup_elem(&event_rules, &index);
	if (!of_event || !bits_any(&of_event->all))
		return false;
	named = bpf_map_lookup_elem(&container_rules, &container);
	if (named)
		here = slot ? &named->slot[1] : &named->slot[0]; /* a constant index: the verifier lost the bound of `slot` */
	else
		here = bpf_map_lookup_elem(&default_rules, &slot);
	if (!here)
		return false;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		applying->word[i] = of_event->all.word[i] & here->word[i];
	return bits_any(applying);
}

static __always_inline u32 dfa_base(u32 kind, u64 generation)
{
	return (kind * 2 + (generation & 1)) * NESTOR_DFA_STATES;
}

struct dfa_run {
	u32 base;
	u32 state;
	const char *text; /* in a map value */
};

static __always_inline u32 dfa_next(u32 base, u32 state, u8 byte)
{
	u32 key = base + state;
	struct nestor_dfa_row *row = bpf_map_lookup_elem(&dfa_rows, &key);

	return row ? row->next[byte] : NESTOR_DFA_DEAD;
}

static __always_inline void dfa_accepted(u32 base, u32 state, struct nestor_rule_bits *accepted)
{
	u32 key = base + state;
	struct nestor_rule_bits *bits = bpf_map_lookup_elem(&dfa_accepts, &key);

	if (bits)
		*accepted = *bits;
}

struct path_run {
	struct scratch *scratch;
	u32 offset;
	u32 base;
	u32 state;
};

static long path_byte(u32 index, void *argument)
{
	struct path_run *run = argument;
	u32 at = (run->offset + index) & (NESTOR_PATH_BYTES - 1);

	run->state = dfa_next(run->base, run->state, run->scratch->path[at]);
	return run->state == NESTOR_DFA_DEAD;
}

/* Rules whose pattern accepts the path that lies in the scratch. */
static __always_inline void match_path(struct scratch *scratch, struct resolved path, u32 kind, u64 generation,
				       struct nestor_rule_bits *accepted)
{
	struct path_run run = {
	    .scratch = scratch,
	    .offset = path.offset,
	    .base = dfa_base(kind, generation),
	    .state = NESTOR_DFA_START,
	};

	__builtin_memset(accepted, 0, sizeof(*accepted));
	bpf_loop(path.len, path_byte, &run, 0);
	if (run.state != NESTOR_DFA_DEAD)
		dfa_accepted(run.base, run.state, accepted);
}

/*
 * NULL: so many programs at once were interrupted on this CPU that no room was free; counted. The caller gives it back with leave_scratch
 * before it ends.
 */
static __always_inline struct scratch *take_scratch(void)
{
	u32 first = bpf_get_smp_processor_id() * SCRATCHES_TRIED;

	for (u32 i = 0; i < SCRATCHES_TRIED; i++) {
		u32 key = (first + i) & (SCRATCHES - 1);
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &key);

		if (scratch && !__sync_val_compare_and_swap(&scratch->taken, 0, 1))
			return scratch;
	}
	count_loss(NESTOR_LOSS_POLICY_STATE);
	return NULL;
}

static __always_inline void leave_scratch(struct scratch *scratch)
{
	__sync_val_compare_and_swap(&scratch->taken, 1, 0);
}

/* What is judged: given to the rule loop and copied into each verdict. */
struct judgement {
	struct nestor_rule_bits matched;
	struct cause chain;
	u64 generation;
	struct task_struct *task;
	struct task_context *context;
	const char *subject;   /* in kernel memory; NULL: none */
	unsigned long argv;    /* user address of the argument strings; 0: none */
	const char *argv_text; /* or their copy in kernel memory; NULL: none */
	struct nestor_address *peer;
	u32 subject_len;
	u32 argv_len;
	u32 event;
	u32 access;
	u16 port;
	u8 stage;
	u8 unseen;                         /* NESTOR_SEES_...: not inspected to its end */
	u8 decided;                        /* out: enum nestor_action of the first rule in force that allows, denies or kills; 0: none */
	u8 would;                          /* the same if all rules were in force */
	struct nestor_rule_bits *reported; /* out, in a map value: rules that a verdict was given for; NULL: not asked for */
};

/* Who does what, at which stage; what matched and what is shown of it comes after. */
static __always_inline void begin_judgement(struct judgement *judgement, struct task_struct *task, struct task_context *context,
					    u64 generation, u32 event, u8 stage)
{
	judgement->task = task;
	judgement->context = context;
	judgement->generation = generation;
	judgement->event = event;
	judgement->stage = stage;
}

/* An allowance is for all that is done, a prohibition for any of it. */
static __always_inline bool is_about_access(const struct nestor_rule *rule, u32 access)
{
	u32 both = rule->access & access;

	return rule->action == NESTOR_ALLOW ? both == access : both != 0;
}

static __always_inline bool rule_holds(const struct nestor_rule *rule, const struct judgement *judgement)
{
	if (rule->event != judgement->event)
		return false;
	if (judgement->chain.depth < rule->min_depth || judgement->chain.depth > rule->max_depth)
		return false;
	if (rule->origin_mask && !(rule->origin_mask & (1U << (judgement->chain.origin_kind & 31))))
		return false;
	if (rule->event == NESTOR_RULE_OPEN && !is_about_access(rule, judgement->access))
		return false;
	if (rule->event == NESTOR_RULE_CONNECT && (judgement->port < rule->port_min || judgement->port > rule->port_max))
		return false;
	return rule->action != NESTOR_ALLOW || !(rule->sees & judgement->unseen);
}

static __always_inline void report_verdict(struct judgement *judgement, const struct nestor_rule *rule, u32 index, bool applied)
{
	struct nestor_verdict *record;
	u64 len;

	verdict_reserve_or(record, sizeof(*record), NESTOR_VERDICT, return);
	/* `data` stays as it was: only what the spans name is read. */
	__builtin_memset((void *)record + sizeof(record->hdr), 0, sizeof(*record) - sizeof(record->hdr) - sizeof(record->data));
	fill_actor(&record->actor, judgement->task, judgement->context);
	record->generation = judgement->generation;
	record->rule = index;
	record->action = rule->action;
	record->mode = rule->mode;
	record->stage = judgement->stage;
	record->applied = applied;
	record->access = judgement->access;
	if (judgement->peer)
		record->peer = *judgement->peer;
	len = judgement->subject_len;
	barrier_var(len);
	if (len > NESTOR_NAME_DATA) {
		len = NESTOR_NAME_DATA;
		record->subject.flags |= NESTOR_SPAN_TRUNCATED;
	}
	if (judgement->subject && !bpf_probe_read_kernel(record->data, len, judgement->subject))
		record->subject.len = len;
	len = judgement->argv_len;
	barrier_var(len);
	if (len > NESTOR_NAME_DATA) {
		len = NESTOR_NAME_DATA;
		record->argv.flags |= NESTOR_SPAN_TRUNCATED;
	}
	record->argv.offset = NESTOR_NAME_DATA;
	if (judgement->argv && !bpf_probe_read_user(record->data + NESTOR_NAME_DATA, len, (void *)judgement->argv))
		record->argv.len = len ? len - 1 : 0;
	else if (judgement->argv_text && !bpf_probe_read_kernel(record->data + NESTOR_NAME_DATA, len, judgement->argv_text))
		record->argv.len = len ? len - 1 : 0;
	ring_submit(record);
}

/* Whether a verdict is given; *refuses: whether the rule refuses. Rules come in their order, so the first word is the last one. */
static __always_inline bool rule_speaks(const struct nestor_rule *rule, struct judgement *judgement, bool *refuses)
{
	bool in_force = rule->mode == NESTOR_MODE_ENFORCE;
	bool speaks = true;

	*refuses = false;
	if (rule->action == NESTOR_AUDIT || (rule->on_truncated == NESTOR_TRUNCATED_AUDIT && (rule->sees & judgement->unseen)))
		return true;
	if (rule->action == NESTOR_ALLOW) {
		speaks = false;
	} else if (in_force) {
		*refuses = judgement->decided != NESTOR_ALLOW;
		speaks = *refuses;
	} else {
		speaks = judgement->would != NESTOR_ALLOW;
	}
	if (in_force && !judgement->decided)
		judgement->decided = rule->action;
	if (!judgement->would)
		judgement->would = rule->action;
	return speaks;
}

static long judge_rule(u32 index, void *argument)
{
	struct judgement *judgement = argument;
	u32 key = (judgement->generation & 1) * NESTOR_MAX_RULES + (index & (NESTOR_MAX_RULES - 1));
	u32 word = (index >> 6) & (NESTOR_RULE_WORDS - 1);
	struct nestor_rule *rule;
	bool refuses;

	if (!((judgement->matched.word[word] >> (index & 63)) & 1))
		return 0;
	rule = bpf_map_lookup_elem(&rules, &key);
	if (!rule || !rule_holds(rule, judgement) || !rule_speaks(rule, judgement, &refuses))
		return 0;
	if (judgement->reported)
		judgement->reported->word[word] |= 1ULL << (index & 63);
	report_verdict(judgement, rule, index, refuses);
	return 0;
}

/* Goes through the matched rules, reports those that speak; the result is judgement->decided. */
static __always_inline void judge(struct judgement *judgement)
{
	effective_cause(&judgement->chain, judgement->task, judgement->context);
	/* Not 0 in the verifier's eyes: it would take what one round decides for undecided in the next. */
	judgement->decided = unknown_zero;
	judgement->would = unknown_zero;
	bpf_loop(NESTOR_MAX_RULES, judge_rule, judgement, 0);
}

/* What an LSM program returns: -EPERM for deny and kill; kill also ends the process. */
static __always_inline int refusal(const struct judgement *judgement)
{
	if (judgement->decided < NESTOR_DENY)
		return 0;
	if (judgement->decided == NESTOR_KILL && bpf_send_signal(SIGKILL))
		count_loss(NESTOR_LOSS_POLICY_STATE);
	return -EPERM;
}

/*
 * Takes the rules that leave the task's executable alone out of `matched`. True: the scratch held that executable's path meanwhile. A path
 * that cannot be inspected leaves nothing alone.
 */
static __always_inline bool spare_executable(struct task_struct *task, const struct task_context *context, struct scratch *scratch,
					     u32 event, u64 generation, struct nestor_rule_bits *matched)
{
	u32 index = (generation & 1) * 4 + event;
	struct nestor_event_rules *of_event = bpf_map_lookup_elem(&event_rules, &index);
	struct nestor_rule_bits excepted;
	struct resolved path;
	u64 asking = 0;

	if (!of_event)
		return false;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		asking |= matched->word[i] & of_event->spares.word[i];
	if (!asking)
		return false;
	path = path_of_file(context, BPF_CORE_READ(task, mm, exe_file), scratch->path);
	if (path.truncated)
		return true;
	match_path(scratch, path, NESTOR_DFA_EXCEPT, generation, &excepted);
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		matched->word[i] &= ~excepted.word[i];
	return true;
}

#endif
