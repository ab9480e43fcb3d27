/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which agents a process is, for rules that ask which ones a chain came through. Known by its executable, or by the program that its
 * executable is given to run: what agent/agents/program.cc knows of command lines, as automata (agent/agents/marks.cc).
 *
 * The marks are in the task's context. A fork passes them on as those above it, a hop takes them along: so nothing has to be looked for
 * when the first child of an agent is judged.
 */
#include "argv.bpf.h"
#include "turn.bpf.h"

/* What is looked for, and what was found. */
struct recognition {
	struct task_struct *task;
	struct scratch *scratch;
	u64 generation;
	u64 found; /* bits of agents */
};

static __always_inline u64 found_word(const struct nestor_rule_bits *bits, u32 word)
{
	return bits->word[word & (NESTOR_RULE_WORDS - 1)];
}

/* The path of the executable, in scratch->by_path. False: it could not be read to its end. */
static __always_inline bool see_executable(struct recognition *recognition, struct linux_binprm *bprm)
{
	struct file *file = BPF_CORE_READ(bprm, file);
	struct scratch *scratch = recognition->scratch;
	struct resolved path = path_of(&file->f_path, recognition->task, scratch->path, PATH_LARGE);

	if (path.truncated)
		return false;
	if (!find_by_path(scratch, path, NESTOR_DFA_AGENT_PATH, recognition->generation))
		__builtin_memset(&scratch->by_path, 0, sizeof(scratch->by_path));
	return true;
}

/* What an automaton tells of the arguments, in scratch->argv. `runner`: where it begins. A function to the verifier: it has one answer. */
static __noinline bool see_arguments(struct recognition *recognition, u32 kind, u32 runner)
{
	struct scratch *scratch = recognition->scratch;
	struct argv_walk walk;
	bool begun;

	if (!scratch)
		return false;
	__builtin_memset(&scratch->argv, 0, sizeof(scratch->argv));
	begun = begin_walk(&walk, scratch, &scratch->argv, kind, recognition->generation);
	walk.dfa.state += runner;
	walk_image(&walk, recognition->task, begun);
	return walk.whole;
}

/* The number of the only bit of a word that is not 0. */
static __always_inline u32 runner_of(u64 bit)
{
	u32 runner = 0;

	for (u32 i = 1; i < 16; i++)
		runner += i * (bit >> i & 1);
	return runner;
}

/* False: something could not be read. */
static __always_inline bool see_runner(struct recognition *recognition, u64 *with)
{
	const struct nestor_rule_bits *by_path = &recognition->scratch->by_path, *by_run = &recognition->scratch->argv;
	u64 runner = found_word(by_path, NESTOR_AGENT_RUNNER);

	if (!runner)
		return true;
	if (!see_arguments(recognition, NESTOR_DFA_AGENT_RUN, runner_of(runner)))
		return false;
	recognition->found |= found_word(by_run, NESTOR_AGENT_IS);
	with[0] |= found_word(by_run, NESTOR_AGENT_WITH);
	with[1] |= found_word(by_run, NESTOR_AGENT_WITH + 1);
	return true;
}

_Static_assert(NESTOR_AGENT_WITH_MOST == 2, "as many words as are looked at here");

static __always_inline bool recognise(struct recognition *recognition, struct linux_binprm *bprm)
{
	const struct nestor_rule_bits *by_path = &recognition->scratch->by_path, *by_argv = &recognition->scratch->argv;
	u64 with[NESTOR_AGENT_WITH_MOST];

	if (!see_executable(recognition, bprm))
		return false;
	recognition->found |= found_word(by_path, NESTOR_AGENT_IS);
	with[0] = found_word(by_path, NESTOR_AGENT_WITH);
	with[1] = found_word(by_path, NESTOR_AGENT_WITH + 1);
	if (!see_runner(recognition, with))
		return false;
	if (!(with[0] | with[1]))
		return true;
	if (!see_arguments(recognition, NESTOR_DFA_AGENT_ARGV, 0))
		return false;
	recognition->found |= with[0] & found_word(by_argv, NESTOR_AGENT_WITH);
	recognition->found |= with[1] & found_word(by_argv, NESTOR_AGENT_WITH + 1);
	return true;
}

/* The marks of the new program; what cannot be read may be any agent. */
static __always_inline u64 marks_of_image(struct task_struct *task, struct linux_binprm *bprm, u64 generation)
{
	struct recognition recognition = {.task = task, .generation = generation, .found = unknown_zero};

	recognition.scratch = take_scratch();
	if (!recognition.scratch)
		return NESTOR_AGENTS_UNKNOWN;
	if (!recognise(&recognition, bprm))
		recognition.found |= NESTOR_AGENTS_UNKNOWN;
	leave_scratch(recognition.scratch);
	return recognition.found & NESTOR_AGENTS_BITS;
}

/*
 * Hook: tp_btf/sched_process_exec, after on_exec, which begins chains, and before decide_exec: tracepoints run in the order of attaching,
 * and wherever decide_exec is attached, this one was before. Lowest kernel: 5.17. Marks the process with the agents that it is. What an
 * agent becomes by exec is below it, but for the same agent: a wrapper that ends in an exec of the real program.
 * Attached while there are exec rules, or a rule asks for agents. Cost: without such a rule a few instructions; else one path, and for
 * interpreters and runners of packages one map access a byte of argv up to what they run. On failure (no room to work in, unreadable):
 * policy-state, and it may be any agent.
 */
SEC("tp_btf/sched_process_exec")
int TRACEPOINT_PROG(mark_agent, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct task_context *context = find_context(task);
	u64 generation = policy_generation, stamp = agents_stamp, before, own;
	u32 slot = generation & 1;
	struct nestor_agents *numbering = bpf_map_lookup_elem(&agent_numbering, &slot);

	if (!context || !stamp || !numbering || numbering->stamp != stamp)
		return 0;
	own = marks_of_image(task, bprm, generation) | stamp << NESTOR_AGENTS_STAMP;
	before = context->agents_own;
	context->agents_above = agents_join(context->agents_above, before & ~(own & NESTOR_AGENTS_BITS));
	context->agents_own = own;
	context->agents_exec = (u32)task->self_exec_id;
	return 0;
}
