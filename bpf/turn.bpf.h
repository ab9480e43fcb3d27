/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a program begins: by asking whether it is its turn. Programs are pinned and outlive nestord; a new nestord attaches its own beside
 * them, takes over and then detaches the old ones. Meanwhile each event is for one of the two.
 *
 * The programs of one start of nestord are one instance. `active_instance` names the one that works. The two kinds of hook differ in the
 * order in which the programs of two instances see one event, and so in how the turn changes:
 *
 *   tracepoints  run in the order of attaching, the old instance first. One write of the word is enough: at worst an event that is under
 *                way at that moment is seen by both, which on_fork, on_exec and on_exit notice.
 *   functions    (fentry, fexit, LSM) run the newest first. With one write, the new one could stand back for an event that the old one,
 *                a moment later, no longer takes: an open that nobody judges. So for a while TAKING_OVER is set: the new instance then
 *                takes every event and marks the task; the old one takes what the new one let pass before: tasks without the mark.
 */
#ifndef NESTOR_TURN_BPF_H
#define NESTOR_TURN_BPF_H

#include "context.bpf.h"
#include <bpf/bpf_tracing.h>

#define TAKING_OVER (1ULL << 63) /* beside the old instance's number in active_instance */

extern u64 active_instance; /* state.bpf.c */
extern u64 next_instance;
extern const volatile u64 instance;

static __always_inline bool is_turn_at_tracepoint(void)
{
	return (active_instance & ~TAKING_OVER) == instance;
}

/* Not inlined: it is needed for some milliseconds of a program's life. */
static __noinline __maybe_unused bool shares_turn(u64 active)
{
	struct task_context *context;

	if (!(active & TAKING_OVER))
		return false;
	context = find_context(bpf_get_current_task_btf());
	if ((active & ~TAKING_OVER) == instance)
		return !context || context->taken_by != next_instance;
	if (instance != next_instance)
		return false;
	if (context)
		context->taken_by = instance;
	return true;
}

static __always_inline bool is_turn_at_function(void)
{
	u64 active = active_instance;

	return active == instance || shares_turn(active);
}

/*
 * As libbpf's BPF_PROG, with the question before the body. Not its turn: 0, which an LSM program may always say, for it is only asked
 * when those before it agreed.
 */
#define TURN_PROG(turn, name, args...)                                                                                                     \
	name(unsigned long long *ctx);                                                                                                     \
	static __always_inline int ____##name(unsigned long long *ctx, ##args);                                                            \
	int name(unsigned long long *ctx)                                                                                                  \
	{                                                                                                                                  \
		if (!turn())                                                                                                               \
			return 0;                                                                                                          \
		_Pragma("GCC diagnostic push")                                                                                             \
		    _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") return ____##name(___bpf_ctx_cast(args));                       \
		_Pragma("GCC diagnostic pop")                                                                                              \
	}                                                                                                                                  \
	static __always_inline int ____##name(unsigned long long *ctx, ##args)

/* For what changes nothing but what both know: while one takes over from the other both may do it. May look at no table that grows. */
static __always_inline bool is_turn_of_sleepable(void)
{
	return (active_instance & ~TAKING_OVER) == instance || next_instance == instance;
}

#define SLEEPABLE_PROG(name, args...) TURN_PROG(is_turn_of_sleepable, name, ##args)
#define TRACEPOINT_PROG(name, args...) TURN_PROG(is_turn_at_tracepoint, name, ##args)
#define FUNCTION_PROG(name, args...) TURN_PROG(is_turn_at_function, name, ##args)

/* A program that does not ask would work twice. */
#undef BPF_PROG
#pragma GCC poison BPF_PROG

#endif
