/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Exec rules, in two stages. (a) The argv seen at syscall entry is matched, and bprm_check_security refuses with EPERM: a clean denial.
 * But a thread may change argv in between, and 32-bit system calls are not looked at. (b) So at sched_process_exec the argv that the
 * new image really has is matched before its first instruction, and SIGKILL ends what dodged (a). Every ABI passes (b).
 */
#include "decide_exec.bpf.h"

/* A copy for the verdict's words; at entry only. */
static __always_inline void keep_words(struct entry *entry, const char *chunk, u64 len)
{
	u32 at = entry->argv_len;

	barrier_var(len);
	if (at >= NESTOR_NAME_DATA || len > CHUNK)
		return;
	if (!bpf_probe_read_kernel(entry->argv_text + (at & (NESTOR_NAME_DATA - 1)), len, chunk))
		entry->argv_len = at + len;
}

/* One piece of one argument, as the caller spelled it. */
static long entry_chunk(u32 index, void *argument)
{
	struct argv_walk *walk = argument;
	struct scratch *scratch = walk->scratch;
	struct entry *entry = walk->entry;
	long len;

	if (!entry->text) {
		if (bpf_probe_read_user(&entry->text, sizeof(entry->text), walk->argv))
			return 1;
		if (!entry->text) {
			walk->whole = 1;
			return 1;
		}
		walk->argv++;
	}
	len = bpf_probe_read_user_str(scratch->chunk, CHUNK, entry->text);
	if (len <= 0)
		return 1; /* paged out: the second stage sees it */
	if (len == CHUNK && scratch->chunk[CHUNK - 2]) {
		entry->text += CHUNK - 1; /* cut: the NUL is not the string's */
		len = CHUNK - 1;
	} else {
		entry->text = NULL;
	}
	walk->read += len;
	if (walk->read > argv_most)
		return 1; /* the second stage, which judges what is longer, sees the beginning too */
	if (walk->dfa.state != NESTOR_DFA_DEAD)
		match_chunk(walk, len);
	keep_words(entry, scratch->chunk, len);
	/* What is refused leaves no other record of its arguments than the verdict's. */
	return walk->dfa.state == NESTOR_DFA_DEAD && entry->argv_len >= NESTOR_NAME_DATA;
}

/* Which rules accept the arguments, and what they are. */
static __always_inline void keep_argv(const struct decision *decision, struct entry *entry, const char *const *argv)
{
	struct argv_walk walk;
	bool begun = begin_walk(&walk, decision->scratch, &entry->argv, NESTOR_DFA_ARGV, decision->generation);

	entry->text = NULL;
	walk.entry = entry;
	walk.argv = argv;
	if (begun)
		bpf_loop(MAX_CHUNKS, entry_chunk, &walk, 0);
	entry->argv_seen = walk.whole || walk.dfa.state == NESTOR_DFA_DEAD;
	if (walk.whole)
		add_set(&entry->argv, dfa_accepts(&walk.dfa), decision->generation);
}

/* Who starts it, which after the exec nobody knows; and whether decide_digest has something to do. */
static __always_inline void keep_starter(const struct decision *decision, struct entry *entry)
{
	entry->wants_digest = has_rules(decision->context, NESTOR_APPLIES_DIGESTS, decision->generation);
	if (asks_who_starts(decision))
		entry->sparing = rules_sparing(decision);
}

static __always_inline int look_at_argv(const char *const *argv)
{
	struct decision decision;
	struct entry *entry;

	if (!begin_decision(&decision, NESTOR_RULE_EXEC))
		return 0;
	entry = entry_of(decision.task);
	if (entry) {
		forget_entry(entry, decision.generation); /* of an exec that failed */
		entry->has_digest = 0;
	}
	if (entry && decision.scratch) {
		keep_argv(&decision, entry, argv);
		keep_starter(&decision, entry);
	}
	if (decision.scratch)
		leave_scratch(decision.scratch);
	return 0;
}

/*
 * Hooks: fentry on the system calls, not their tracepoints: one such tracepoint sends every system call of every task on the node through
 * the kernel's slow path. Lowest kernel: 5.17 (bpf_loop). Cost: nothing without exec rules here, else one map access a byte of argv.
 * On failure: stage (b) decides.
 */
SEC("fentry/__x64_sys_execve")
int FUNCTION_PROG(decide_enter_execve, const struct pt_regs *registers)
{
	return look_at_argv((const char *const *)registers->si);
}

SEC("fentry/__x64_sys_execveat")
int FUNCTION_PROG(decide_enter_execveat, const struct pt_regs *registers)
{
	return look_at_argv((const char *const *)registers->dx);
}

struct allow_run {
	const struct nestor_event_rules *of_event;
	const struct nestor_applying *here;
	u64 found;
};

static long allow_word(u32 index, void *argument)
{
	struct allow_run *run = argument;
	u32 i = index & (NESTOR_RULE_WORDS - 1);

	run->found |= run->here->rules.word[i] & run->of_event->allow.word[i] & run->of_event->need_argv.word[i];
	return 0;
}

/* A rule that allows asks for argv: without it nothing can be refused for good. */
static __always_inline bool may_be_allowed_by_argv(u64 container, u64 generation)
{
	struct allow_run run = {
	    .of_event = rules_of_event(NESTOR_RULE_EXEC, generation),
	    .here = applying_in(container, generation),
	    .found = unknown_zero,
	};

	if (!run.of_event || !run.here)
		return false;
	bpf_loop(run.here->words, allow_word, &run, 0);
	return run.found;
}

static __always_inline int judge_bprm(const struct decision *decision, struct linux_binprm *bprm, struct entry *entry)
{
	struct judgement judgement = {.file = unknown_zero};
	struct file *file = BPF_CORE_READ(bprm, file);

	match_program(&judgement, decision->context, file, decision->scratch, decision->generation);
	if (!match_rules(&judgement, decision, NESTOR_RULE_EXEC, &decision->scratch->by_path, &entry->argv, false) ||
	    !drop_set(&judgement, decision, entry->sparing))
		return 0;
	if (decision->scratch->found.digests && !match_digest(&judgement, decision, entry))
		return 0;
	if (decision->scratch->found.asking_file)
		look_at_file(&judgement, decision, file, 0);
	begin_judgement(&judgement, decision, NESTOR_RULE_EXEC, NESTOR_STAGE_BPRM);
	judgement.argv_text = entry->argv_text;
	judgement.argv_len = entry->argv_len;
	judgement.reported = &entry->reported;
	judge(&judgement);
	return refusal(&judgement);
}

/* Without an entry or room: stage (b) sees it. */
static __always_inline int decide_check(const struct decision *decision, struct linux_binprm *bprm)
{
	struct entry *entry = entry_of(decision->task);

	if (!entry || !decision->scratch)
		return 0;
	if (entry->generation != decision->generation) { /* no entry seen, or policy changed since: argv is not known */
		forget_entry(entry, decision->generation);
		keep_starter(decision, entry);
	}
	if (!entry->argv_seen && may_be_allowed_by_argv(decision->context->container, decision->generation))
		return 0; /* stage (b) sees it */
	return judge_bprm(decision, bprm, entry);
}

/*
 * Hook: lsm/bprm_check_security, for each interpreter level. Lowest kernel: 5.17. Needs BPF among the active LSMs.
 * Refuses with EPERM. Cost: nothing without exec rules here, else one path. On failure (no memory): policy-state, stage (b) decides.
 */
SEC("lsm/bprm_check_security")
int FUNCTION_PROG(decide_bprm, struct linux_binprm *bprm)
{
	struct decision decision;
	int ret;

	if (!begin_decision(&decision, NESTOR_RULE_EXEC))
		return 0;
	ret = decide_check(&decision, bprm);
	if (decision.scratch)
		leave_scratch(decision.scratch);
	return ret;
}

/* There was no room to look at anything: all rules that apply count as matched. */
static __always_inline bool suspect_program(struct judgement *judgement, const struct decision *decision)
{
	struct nestor_applying *here = applying_in(decision->context->container, decision->generation);

	if (!here)
		return false;
	judgement->matched = &here->rules;
	judgement->words = here->words;
	judgement->unseen = NESTOR_SEES_PATH | NESTOR_SEES_ARGV | NESTOR_SEES_FROM | NESTOR_SEES_DIGEST;
	judgement->file = 0xff;
	return true;
}

/* False: nothing matches that was not reported before. Who started it only the first stage knew: without one nobody is spared. */
static __always_inline bool inspect_image(struct judgement *judgement, const struct decision *decision, struct linux_binprm *bprm)
{
	struct entry *entry = find_entry(decision->task);
	struct file *file = BPF_CORE_READ(bprm, file);

	if (!inspect_program(judgement, decision, file))
		return false;
	if (entry && entry->generation == decision->generation &&
	    (!drop_rules(judgement, decision->scratch, &entry->reported) || !drop_set(judgement, decision, entry->sparing)))
		return false;
	if (decision->scratch->found.digests && !match_digest(judgement, decision, entry))
		return false;
	if (decision->scratch->found.asking_file)
		look_at_file(judgement, decision, file, 0);
	return true;
}

static __always_inline void judge_exec(const struct decision *decision, struct linux_binprm *bprm)
{
	struct judgement judgement = {.file = unknown_zero};

	if (decision->scratch ? !inspect_image(&judgement, decision, bprm) : !suspect_program(&judgement, decision))
		return;
	begin_judgement(&judgement, decision, NESTOR_RULE_EXEC, NESTOR_STAGE_EXEC);
	show_argv(&judgement, decision->task);
	judge(&judgement);
	if (judgement.decided >= NESTOR_DENY && bpf_send_signal(SIGKILL))
		count_loss(NESTOR_LOSS_POLICY_STATE);
}

/*
 * Hook: tp_btf/sched_process_exec, after on_exec. Lowest kernel: 5.17. Ends with SIGKILL what stage (a) did not see.
 * Cost: nothing without exec rules here, else one path and one map access a byte of argv. On failure (no room to work in): policy-state,
 * and all exec rules count as matched.
 */
SEC("tp_btf/sched_process_exec")
int TRACEPOINT_PROG(decide_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct decision decision;

	if (!begin_decision(&decision, NESTOR_RULE_EXEC)) {
		if (decision.context && decision.context->container)
			drop_entry(task); /* which decide_digest made for whatever container it would be */
		return 0;
	}
	judge_exec(&decision, bprm);
	if (decision.scratch)
		leave_scratch(decision.scratch);
	drop_entry(task);
	return 0;
}
