/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Deciding: which of the rules that apply match, what follows, and the verdicts.
 *
 * What cannot be inspected (no memory, a path or argv beyond its bound) counts as matched by all rules that asked for it, but for those
 * that allow: every decision fails closed, unless a rule says `onTruncated: audit`.
 */
#ifndef NESTOR_JUDGE_BPF_H
#define NESTOR_JUDGE_BPF_H

#include "way.bpf.h"

/* What is judged: given to the rule loop and copied into each verdict. */
struct judgement {
	const struct nestor_rule_bits *matched; /* in a map value */
	u64 left;                               /* of its present word: rules that were not asked yet */
	u32 word;                               /* which one that is */
	u32 words;                              /* words behind these hold nothing */
	struct cause chain;
	u64 generation;
	struct task_context *context;
	const char *subject;   /* in kernel memory; NULL: none */
	unsigned long argv;    /* user address of the argument strings; 0: none */
	const char *argv_text; /* or their copy in kernel memory; NULL: none */
	union {                /* one pointer, for the stack is full; to as many bytes, for the verifier does not know which */
		struct nestor_address *peer;  /* connect */
		const struct nestor_act *act; /* trace, namespace, credential */
	};
	struct way *way; /* in a map value; NULL: not known */
	u32 subject_len;
	u32 argv_len;
	u32 event;
	u32 access;
	u16 port;
	u8 stage;
	u8 unseen;                         /* NESTOR_SEES_...: not inspected to its end */
	u8 decided;                        /* out: enum nestor_action of the first rule in force that allows, denies or kills; 0: none */
	u8 file;                           /* exec: what it is, if asked: NESTOR_IS_..., NESTOR_FROM_... */
	u8 would;                          /* the same if all rules were in force */
	struct nestor_rule_bits *reported; /* out, in a map value: rules that a verdict was given for; NULL: not asked for */
};

_Static_assert(sizeof(struct nestor_act) == sizeof(struct nestor_address), "either may be behind the pointer");

/* Who acts, under which policies, and room to work in. */
struct decision {
	struct task_struct *task;
	struct task_context *context;
	u64 generation;
	struct scratch *scratch; /* NULL: none was free */
};

/* False: no rule of this kind applies where the current task is. */
static __always_inline bool is_decided(struct decision *decision, u32 event)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;

	if (!generation || !context || !has_rules(context, event, generation))
		return false;
	decision->task = task;
	decision->context = context;
	decision->generation = generation;
	return true;
}

/* The same. True: the scratch is to be given back. */
static __always_inline bool begin_decision(struct decision *decision, u32 event)
{
	if (!is_decided(decision, event))
		return false;
	decision->scratch = take_scratch();
	return true;
}

/* Who does what, at which stage; what matched and what is shown of it comes after. */
static __always_inline void begin_judgement(struct judgement *judgement, const struct decision *decision, u32 event, u8 stage)
{
	judgement->context = decision->context;
	judgement->generation = decision->generation;
	judgement->event = event;
	judgement->stage = stage;
}

/* An allowance is for all that is done, a prohibition for any of it. */
static __always_inline bool is_about_access(const struct nestor_rule *rule, u32 access)
{
	u32 both = rule->access & access;

	return rule->action == NESTOR_ALLOW ? both == access : both != 0;
}

/* A function to the verifier, too: to it one answer and not each way there. */
__noinline __weak int is_of_kind(u32 is, u32 from, u32 file)
{
	return (!is || (is & file)) && (!from || (from & file));
}

/* Of what is done at once, as the kinds of namespaces that one call makes: the same. `asked` 0: anything. */
static __always_inline bool is_about(const struct nestor_rule *rule, u64 asked, u64 done)
{
	u64 both = asked & done;

	if (!asked)
		return true;
	return rule->action == NESTOR_ALLOW ? both && both == done : both != 0;
}

/* What is not given matches anything; rules of one kind have nothing of the others. */
static __always_inline bool is_about_act(const struct nestor_rule *rule, const struct nestor_act *act)
{
	if (!is_about(rule, rule->operations, act->operation) || !is_about(rule, rule->kinds, act->kinds))
		return false;
	if (rule->to_uid != NESTOR_ANY_UID && (rule->to_uid != act->to || act->from == act->to))
		return false;
	return is_about(rule, rule->capabilities, act->capabilities);
}

/*
 * Whether rules of this kind are about an act: struct nestor_act. All that others ask for rule_holds asks by their kinds. With a kind that
 * is not here this does not compile.
 */
static __always_inline bool is_of_acts(enum nestor_rule_event kind)
{
	switch (kind) {
	case NESTOR_RULE_CREDENTIAL:
	case NESTOR_RULE_NAMESPACE:
	case NESTOR_RULE_TRACE:
		return true;
	case NESTOR_RULE_EXEC:
	case NESTOR_RULE_OPEN:
	case NESTOR_RULE_CONNECT:
		break;
	}
	return false;
}

_Static_assert(NESTOR_SEES_WAY == WAY_UNSURE << 3, "no branch for the verifier to follow");

/* The way that the chain came. Where it is not known, the judgement says so until the next rule. */
static __always_inline bool is_of_way(const struct nestor_rule *rule, struct judgement *judgement)
{
	u32 way = came_through(judgement->way, rule->hops, rule->place | rule->users << 8, rule->agents);

	judgement->unseen = (judgement->unseen & ~NESTOR_SEES_WAY) | (way & WAY_UNSURE) << 3;
	return way != WAY_NO;
}

/* Where nothing of it is known, it may be any. */
static __always_inline bool is_of_chain(const struct nestor_rule *rule, const struct judgement *judgement)
{
	u32 depth = judgement->chain.depth, origin = 1U << (judgement->chain.origin_kind & 31);
	u32 other = depth < rule->min_depth | depth > rule->max_depth | (rule->origin_mask && !(rule->origin_mask & origin));

	return !other || judgement->chain.confidence == NESTOR_UNKNOWN;
}

static __always_inline bool rule_holds(const struct nestor_rule *rule, struct judgement *judgement)
{
	if (rule->event != judgement->event)
		return false;
	if (!is_of_chain(rule, judgement))
		return false;
	if (rule->event == NESTOR_RULE_OPEN && !is_about_access(rule, judgement->access))
		return false;
	if (rule->event == NESTOR_RULE_CONNECT && (judgement->port < rule->port_min || judgement->port > rule->port_max))
		return false;
	if (judgement->event == NESTOR_RULE_EXEC && !is_of_kind(rule->is, rule->from, judgement->file))
		return false;
	if (judgement->act && is_of_acts(rule->event) && !is_about_act(rule, judgement->act))
		return false;
	if (!is_of_way(rule, judgement))
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
	fill_actor(&record->actor, bpf_get_current_task_btf(), judgement->context);
	record->generation = judgement->generation;
	record->rule = index;
	record->action = rule->action;
	record->mode = rule->mode;
	record->stage = judgement->stage;
	record->applied = applied;
	record->access = judgement->access;
	if (judgement->act && is_of_acts(rule->event))
		record->act = *judgement->act;
	else if (judgement->peer)
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

static __always_inline u32 lowest_bit(u64 bits)
{
	static const u8 place[64] = {0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28, 62, 5,  39, 46, 44, 42,
				     22, 9,  24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
				     23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12};

	return place[((bits & -bits) * 0x022fdd63cc95386dULL) >> 58]; /* a de Bruijn sequence: no branch for the verifier to follow */
}

/* It holds for all that a loader maps, and for nothing else that this file is. */
static __always_inline bool is_about_loader(const struct nestor_rule *rule, const struct judgement *judgement)
{
	return judgement->stage == NESTOR_STAGE_MMAP && (rule->is & NESTOR_IS_LOADER) && !(rule->is & judgement->file & ~NESTOR_IS_LOADER);
}

/*
 * A loader maps its program and then a dozen libraries: where nothing is refused, the first is enough to tell of. The context keeps the
 * rule that was told last, and in which program.
 */
__noinline __weak int was_told(struct task_context *context, u32 mark)
{
	bool told;

	if (!context)
		return 0;
	told = context->told_loader == mark;
	context->told_loader = mark;
	return told;
}

static __always_inline u32 told_mark(const struct judgement *judgement, u32 index)
{
	u64 exec = bpf_get_current_task_btf()->self_exec_id << 40;

	return ((exec ^ judgement->generation << 12 ^ index) * HOP_ID_SPREAD) >> 32;
}

static __always_inline void judge_rule(struct judgement *judgement, u32 index)
{
	u32 key = (judgement->generation & 1) * NESTOR_MAX_RULES + (index & (NESTOR_MAX_RULES - 1));
	u32 word = (index >> 6) & (NESTOR_RULE_WORDS - 1);
	struct nestor_rule *rule = bpf_map_lookup_elem(&rules, &key);
	bool refuses;

	if (!rule || !rule_holds(rule, judgement) || !rule_speaks(rule, judgement, &refuses))
		return;
	if (!refuses && is_about_loader(rule, judgement) && was_told(judgement->context, told_mark(judgement, index)))
		return;
	if (judgement->reported)
		judgement->reported->word[word] |= 1ULL << (index & 63);
	report_verdict(judgement, rule, index, refuses);
}

/* Goes to the next word, or asks the next rule of the present one. */
static long judge_next(u32 round, void *argument)
{
	struct judgement *judgement = argument;
	u64 left = judgement->left;

	if (!left) {
		u32 word = judgement->word + 1;

		if (word >= judgement->words || word >= NESTOR_RULE_WORDS)
			return 1;
		judgement->word = word;
		judgement->left = judgement->matched->word[word];
		return 0;
	}
	judgement->left = left & (left - 1);
	judge_rule(judgement, judgement->word * 64 + lowest_bit(left));
	return 0;
}

/*
 * The agents that what is judged is below, inside its hop. Where mark_agent has not looked at the task's new program yet, its marks are of
 * the program before, which started this one.
 */
static __always_inline u64 agents_of_judged(const struct judgement *judgement, struct task_struct *task)
{
	const struct task_context *context = judgement->context;

	if (judgement->chain.hop_id != context->hop_id)
		return judgement->chain.agents;
	if (context->agents_exec == (u32)task->self_exec_id)
		return context->agents_above;
	return agents_join(context->agents_own, context->agents_above);
}

/*
 * Asks the matched rules one by one, reports those that speak; the result is judgement->decided. Cost: by the number of rules that
 * matched.
 */
static __always_inline void judge(struct judgement *judgement)
{
	struct task_struct *task = bpf_get_current_task_btf();

	effective_cause(&judgement->chain, task, judgement->context);
	judgement->unseen |= judgement->chain.confidence == NESTOR_UNKNOWN ? NESTOR_SEES_CHAIN : 0;
	/* What an sshd does itself (a tunnel, files by its own sftp) is the user's, too, once one is let in. */
	if (judgement->way && judgement->way->asked && (judgement->context->flags & NESTOR_TASK_SSHD))
		learn_login(judgement->way, judgement->chain.hop_id);
	/* Not 0 in the verifier's eyes: it would take what one round decides for undecided in the next. */
	see_way(judgement->way, judgement->chain.hop_id, judgement->generation, agents_of_judged(judgement, task));
	judgement->decided = unknown_zero;
	judgement->would = unknown_zero;
	judgement->word = unknown_zero;
	judgement->left = judgement->matched->word[0];
	bpf_loop(NESTOR_MAX_RULES + NESTOR_RULE_WORDS, judge_next, judgement, 0);
}

/* One word of rules a round: an unrolled loop with its ways out takes the verifier a million instructions. */
struct match_run {
	struct nestor_rule_bits *matched; /* out */
	const struct nestor_event_rules *of_event;
	const struct nestor_applying *here;
	const struct nestor_rule_bits *path;
	const struct nestor_rule_bits *other; /* argv or network */
	struct found *found;                  /* out; like the first in a map value: the stack is full */
};

static long match_named_word(u32 index, void *argument)
{
	struct match_run *run = argument;
	u32 i = index & (NESTOR_RULE_WORDS - 1);
	u64 matched = run->here->rules.word[i] & run->of_event->all.word[i] & run->path->word[i] & run->of_event->need_path.word[i];

	run->matched->word[i] = matched;
	run->found->any |= matched;
	run->found->sparing |= matched & run->of_event->spares.word[i];
	run->found->asking_way |= matched & run->of_event->asks_way.word[i];
	return 0;
}

static long match_word(u32 index, void *argument)
{
	struct match_run *run = argument;
	u32 i = index & (NESTOR_RULE_WORDS - 1);
	u64 need_other = run->of_event->need_argv.word[i] | run->of_event->need_cidr.word[i];
	u64 matched = run->here->rules.word[i] & run->of_event->all.word[i] & (run->path->word[i] | ~run->of_event->need_path.word[i]) &
		      (run->other->word[i] | ~need_other);

	run->matched->word[i] = matched;
	run->found->any |= matched;
	run->found->sparing |= matched & run->of_event->spares.word[i];
	run->found->asking_file |= matched & run->of_event->asks_file.word[i];
	run->found->asking_way |= matched & run->of_event->asks_way.word[i];
	run->found->digests |= matched & run->of_event->need_digest.word[i];
	return 0;
}

/*
 * What applies here, is of this kind of event, and has all that it asks for: `path` are the rules that accept the path, `other` those that
 * accept argv or the network. With `named` only rules that ask for a path. False: nothing.
 */
static __always_inline bool match_rules(struct judgement *judgement, const struct decision *decision, u32 event,
					const struct nestor_rule_bits *path, const struct nestor_rule_bits *other, const bool named)
{
	struct match_run run = {
	    .matched = &decision->scratch->matched,
	    .of_event = rules_of_event(event, decision->generation),
	    .here = applying_in(decision->context->container, decision->generation),
	    .path = path,
	    .other = other,
	    .found = &decision->scratch->found,
	};

	__builtin_memset(run.found, 0, sizeof(*run.found));
	judgement->matched = run.matched;
	if (!run.of_event || !run.here || !run.path || !run.other)
		return false;
	judgement->words = run.here->words;
	bpf_loop(judgement->words, named ? match_named_word : match_word, &run, 0);
	decision->scratch->way.asked = run.found->asking_way;
	judgement->way = &decision->scratch->way; /* asked or not: a NULL would be another way on for the verifier */
	return run.found->any;
}

struct drop_run {
	struct nestor_rule_bits *matched;
	const struct nestor_rule_bits *dropped;
	u64 any; /* out: something is left */
};

static long drop_word(u32 index, void *argument)
{
	struct drop_run *run = argument;
	u32 i = index & (NESTOR_RULE_WORDS - 1);

	run->matched->word[i] &= ~run->dropped->word[i];
	run->any |= run->matched->word[i];
	return 0;
}

/* Takes these rules out of those that matched. False: nothing is left. */
static __always_inline bool drop_rules(struct judgement *judgement, struct scratch *scratch, const struct nestor_rule_bits *dropped)
{
	struct drop_run run = {.matched = &scratch->matched, .dropped = dropped, .any = unknown_zero};

	bpf_loop(judgement->words, drop_word, &run, 0);
	return run.any;
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
 * The set of rules that leave the task's executable alone; the scratch holds that executable's path meanwhile. None, where the path cannot
 * be inspected.
 */
static __always_inline u32 rules_sparing(const struct decision *decision)
{
	struct task_struct *task = decision->task; /* a local: BPF_CORE_READ would relocate the decision's own field */
	struct resolved path = path_of_file(decision->context, BPF_CORE_READ(task, mm, exe_file), decision->scratch->path);
	u32 set = NESTOR_SET_NONE;

	if (!path.truncated)
		set = match_path(decision->scratch, path, NESTOR_DFA_EXCEPT, decision->generation);
	return set + unknown_zero; /* not two ways on for the verifier */
}

/* Takes a set of rules out of those that matched. False: nothing is left. */
static __always_inline bool drop_set(struct judgement *judgement, const struct decision *decision, u32 set)
{
	struct nestor_rule_bits *dropped = rule_set(set, decision->generation);

	return set == NESTOR_SET_NONE || !dropped || drop_rules(judgement, decision->scratch, dropped);
}

static __always_inline bool spare_executable(struct judgement *judgement, const struct decision *decision)
{
	return drop_set(judgement, decision, rules_sparing(decision));
}

#endif
