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
	bpf_loop(len, argv_byte, walk, 0);
	keep_words(entry, scratch->chunk, len);
	return walk->state == NESTOR_DFA_DEAD;
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
	struct nestor_rule_bits applying;
	struct scratch *scratch;
	struct argv_walk walk;
	struct entry *entry;

	if (!generation || !context || !rules_for(context, NESTOR_RULE_EXEC, generation, &applying))
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
	walk.base = dfa_base(NESTOR_DFA_ARGV, generation);
	walk.state = NESTOR_DFA_START;
	bpf_loop(MAX_CHUNKS, entry_chunk, &walk, 0);
	leave_scratch(scratch);
	entry->argv_seen = walk.whole || walk.state == NESTOR_DFA_DEAD;
	if (walk.whole && walk.state != NESTOR_DFA_DEAD)
		dfa_accepted(walk.base, walk.state, &entry->argv);
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

/* A rule that allows asks for argv: without it nothing can be refused for good. */
static __always_inline bool may_be_allowed_by_argv(const struct nestor_rule_bits *applying, u64 generation)
{
	u32 index = (generation & 1) * 4 + NESTOR_RULE_EXEC;
	struct nestor_event_rules *of_event = bpf_map_lookup_elem(&event_rules, &index);
	u64 found = 0;

	if (!of_event)
		return false;
	for (int i = 0; i < NESTOR_RULE_WORDS; i++)
		found |= applying->word[i] & of_event->allow.word[i] & of_event->need_argv.word[i];
	return found;
}

static __always_inline int judge_bprm(struct task_struct *task, struct task_context *context, u64 generation,
				      const struct nestor_rule_bits *applying, struct linux_binprm *bprm, struct scratch *scratch,
				      struct entry *entry)
{
	struct judgement judgement = {};
	struct nestor_rule_bits accepted;
	struct resolved path;

	path = path_of_file(context, BPF_CORE_READ(bprm, file), scratch->path);
	match_path(scratch, path, NESTOR_DFA_EXEC_PATH, generation, &accepted);
	if (path.truncated) {
		accepted = *applying;
		judgement.unseen |= NESTOR_SEES_PATH;
	}
	exec_matched(&judgement.matched, applying, generation, &accepted, &entry->argv);
	if (!bits_any(&judgement.matched))
		return 0;
	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_EXEC, NESTOR_STAGE_BPRM);
	judgement.subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement.subject_len = path.len;
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
	struct nestor_rule_bits applying;
	struct scratch *scratch;
	struct entry *entry;

	if (ret || !generation || !context || !rules_for(context, NESTOR_RULE_EXEC, generation, &applying))
		return ret;
	entry = entry_of(task);
	if (!entry)
		return 0;
	if (entry->generation != generation) /* no entry seen, or policy changed since: argv is not known */
		forget_entry(entry, generation);
	if (!entry->argv_seen && may_be_allowed_by_argv(&applying, generation))
		return 0; /* stage (b) sees it */
	scratch = take_scratch();
	if (!scratch)
		return 0;
	ret = judge_bprm(task, context, generation, &applying, bprm, scratch, entry);
	leave_scratch(scratch);
	return ret;
}

/* What the new program really is: its path and the arguments that it has. */
static __always_inline void inspect_image(struct judgement *judgement, struct task_struct *task, u64 generation,
					  const struct nestor_rule_bits *applying, struct linux_binprm *bprm, struct scratch *scratch)
{
	struct nestor_rule_bits accepted, argv;
	struct resolved path;

	path = path_of_file(judgement->context, BPF_CORE_READ(bprm, file), scratch->path);
	match_path(scratch, path, NESTOR_DFA_EXEC_PATH, generation, &accepted);
	if (path.truncated) {
		accepted = *applying;
		judgement->unseen |= NESTOR_SEES_PATH;
	}
	if (!match_argv_of_image(task, scratch, generation, applying, &argv))
		judgement->unseen |= NESTOR_SEES_ARGV;
	exec_matched(&judgement->matched, applying, generation, &accepted, &argv);
	judgement->subject = scratch->path + (path.offset & (NESTOR_PATH_BYTES - 1));
	judgement->subject_len = path.len;
}

/* `scratch` NULL: there was no room to look at anything. */
static __always_inline void judge_exec(struct task_struct *task, struct task_context *context, u64 generation,
				       const struct nestor_rule_bits *applying, struct linux_binprm *bprm, struct scratch *scratch)
{
	struct entry *entry = bpf_task_storage_get(&entries, task, NULL, 0);
	struct judgement judgement = {};

	begin_judgement(&judgement, task, context, generation, NESTOR_RULE_EXEC, NESTOR_STAGE_EXEC);
	if (scratch) {
		inspect_image(&judgement, task, generation, applying, bprm, scratch);
	} else { /* fail closed */
		judgement.matched = *applying;
		judgement.unseen = NESTOR_SEES_PATH | NESTOR_SEES_ARGV;
	}
	if (entry && entry->generation == generation) {
		for (int i = 0; i < NESTOR_RULE_WORDS; i++)
			judgement.matched.word[i] &= ~entry->reported.word[i];
	}
	if (!bits_any(&judgement.matched))
		return;
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
	struct nestor_rule_bits applying;
	struct scratch *scratch;

	if (!generation || !context || !rules_for(context, NESTOR_RULE_EXEC, generation, &applying))
		return 0;
	scratch = take_scratch();
	judge_exec(task, context, generation, &applying, bprm, scratch);
	if (scratch)
		leave_scratch(scratch);
	bpf_task_storage_delete(&entries, task);
	return 0;
}
