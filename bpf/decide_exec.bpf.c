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
			walk->whole = true;
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
	if (walk->dfa.state != NESTOR_DFA_DEAD)
		match_chunk(walk, len);
	keep_words(entry, scratch->chunk, len);
	/* What is refused leaves no other record of its arguments than the verdict's. */
	return walk->dfa.state == NESTOR_DFA_DEAD && entry->argv_len >= NESTOR_NAME_DATA;
}

static __always_inline struct entry *entry_of(struct task_struct *task)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!entry)
		count_loss(NESTOR_LOSS_POLICY_STATE);
	return entry;
}

static __always_inline void forget_entry(struct entry *entry, u64 generation)
{
	__builtin_memset(&entry->argv, 0, sizeof(entry->argv));
	__builtin_memset(&entry->reported, 0, sizeof(entry->reported));
	entry->generation = generation;
	entry->argv_len = 0;
	entry->argv_seen = 0;
}

static __always_inline int look_at_argv(const char *const *argv)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct scratch *scratch;
	struct argv_walk walk;
	struct entry *entry;

	if (!generation || !context || !has_rules(context, NESTOR_RULE_EXEC, generation))
		return 0;
	entry = entry_of(task);
	if (!entry)
		return 0;
	forget_entry(entry, generation); /* of an exec that failed */
	scratch = take_scratch();
	if (!scratch)
		return 0;
	__builtin_memset(&walk, 0, sizeof(walk));
	entry->text = NULL;
	walk.scratch = scratch;
	walk.entry = entry;
	walk.argv = argv;
	walk.accepted = &entry->argv;
	walk.generation = generation;
	if (dfa_begin(&walk.dfa, NESTOR_DFA_ARGV, generation))
		bpf_loop(MAX_CHUNKS, entry_chunk, &walk, 0);
	leave_scratch(scratch);
	entry->argv_seen = walk.whole || walk.dfa.state == NESTOR_DFA_DEAD;
	if (walk.whole)
		add_set(&entry->argv, dfa_accepts(&walk.dfa), generation);
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

static __always_inline int judge_bprm(struct task_struct *task, struct task_context *context, u64 generation, struct linux_binprm *bprm,
				      struct scratch *scratch, struct entry *entry)
{
	struct judgement judgement = {};
	u32 path = match_program(&judgement, context, BPF_CORE_READ(bprm, file), scratch, generation);

	if (!match_rules(&judgement, scratch, context->container, generation, NESTOR_RULE_EXEC, path, &entry->argv, false))
		return 0;
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_EXEC, NESTOR_STAGE_BPRM);
	judgement.argv_text = entry->argv_text;
	judgement.argv_len = entry->argv_len;
	judgement.reported = &entry->reported;
	judge(&judgement);
	return refusal(&judgement);
}

/*
 * Hook: lsm/bprm_check_security, for each interpreter level. Lowest kernel: 5.17. Needs BPF among the active LSMs.
 * Refuses with EPERM. Cost: nothing without exec rules here, else one path. On failure (no memory): policy-state, stage (b) decides.
 */
SEC("lsm/bprm_check_security")
int FUNCTION_PROG(decide_bprm, struct linux_binprm *bprm, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct scratch *scratch;
	struct entry *entry;

	if (ret || !generation || !context || !has_rules(context, NESTOR_RULE_EXEC, generation))
		return ret;
	entry = entry_of(task);
	if (!entry)
		return 0;
	if (entry->generation != generation) /* no entry seen, or policy changed since: argv is not known */
		forget_entry(entry, generation);
	if (!entry->argv_seen && may_be_allowed_by_argv(context->container, generation))
		return 0; /* stage (b) sees it */
	scratch = take_scratch();
	if (!scratch)
		return 0;
	ret = judge_bprm(task, context, generation, bprm, scratch, entry);
	leave_scratch(scratch);
	return ret;
}

/* What the new program really is: its path and the arguments that it has. False: nothing matches that was not reported before. */
static __always_inline bool inspect_image(struct judgement *judgement, struct task_struct *task, struct task_context *context,
					  u64 generation, struct linux_binprm *bprm, struct scratch *scratch)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, 0);
	u32 path = match_program(judgement, context, BPF_CORE_READ(bprm, file), scratch, generation);

	match_argv_of_image(judgement, task, scratch, generation);
	if (!match_rules(judgement, scratch, context->container, generation, NESTOR_RULE_EXEC, path, &scratch->argv, false))
		return false;
	return !entry || entry->generation != generation || drop_rules(judgement, scratch, &entry->reported);
}

/* There was no room to look at anything: all rules that apply count as matched. */
static __always_inline bool suspect_image(struct judgement *judgement, struct task_context *context, u64 generation)
{
	struct nestor_applying *here = applying_in(context->container, generation);

	if (!here)
		return false;
	judgement->matched = &here->rules;
	judgement->words = here->words;
	judgement->unseen = NESTOR_SEES_PATH | NESTOR_SEES_ARGV;
	return true;
}

/* `scratch` NULL: see suspect_image. */
static __always_inline void judge_exec(struct task_struct *task, struct task_context *context, u64 generation, struct linux_binprm *bprm,
				       struct scratch *scratch)
{
	struct judgement judgement = {};

	if (scratch ? !inspect_image(&judgement, task, context, generation, bprm, scratch)
		    : !suspect_image(&judgement, context, generation))
		return;
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_EXEC, NESTOR_STAGE_EXEC);
	judgement.argv = BPF_CORE_READ(task, mm, arg_start);
	judgement.argv_len = BPF_CORE_READ(task, mm, arg_end) - judgement.argv;
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
	struct task_context *context = context_to_judge(task);
	u64 generation = policy_generation;
	struct scratch *scratch;

	if (!generation || !context || !has_rules(context, NESTOR_RULE_EXEC, generation))
		return 0;
	scratch = take_scratch();
	judge_exec(task, context, generation, bprm, scratch);
	if (scratch)
		leave_scratch(scratch);
	bpf_task_storage_delete(&entries, task);
	return 0;
}
