/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Go moves its goroutines from thread to thread, so in a Go program the thread says nothing about what is worked for: the goroutine does.
 * It can be told from the registers of the system call that it makes: on x86-64 R14 points to its runtime.g (Go's internal ABI,
 * since 1.17), which begins with the bounds of its stack (runtime/runtime2.go), and the stack pointer lies between them. Nobody else's does
 * by chance. A goroutine in C code (cgo) is on the thread's own stack: then the thread counts.
 */
#ifndef NESTOR_FIBER_BPF_H
#define NESTOR_FIBER_BPF_H

#include "context.bpf.h"

#define LEAST_ADDRESS 0x10000 /* mmap_min_addr, as Debian has it: what lies below is no pointer */
#define READ_AGAIN 64
#define LEAST_GO_STACK 2048
#define MOST_GO_STACK (1ULL << 30)

/* Connections that a request came over, by their hop, as long as they are open. */
enum request_state {
	REQUEST_ACCEPTED = 1,
	REQUEST_WAITS = 2,
	REQUEST_ANSWERED = 3,
	REQUEST_DONE = 4, /* answered by a worker that receives none itself, and so had it */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64);  /* hop id */
	__type(value, u8); /* enum request_state */
} request_states __weak SEC(".maps");

struct fiber_key {
	u64 goroutine; /* the address of its runtime.g, which the next one may get */
	u32 tgid;
	u32 life; /* of the process and its program: the next one may have the pid, and the address, too */
};

/* What a goroutine serves. An LRU: the oldest are dropped, and then the process's requests count. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fiber_key);
	__type(value, struct cause);
} fibers __weak SEC(".maps");

/* The connection that a request came over is still there; so is the goroutine that serves it. */
static __always_inline bool is_connected(const struct cause *cause)
{
	u64 connection = cause->connection;

	return connection && bpf_map_lookup_elem(&request_states, &connection);
}

struct go_stack {
	u64 low, high;
};

static __always_inline bool is_go_stack(const struct go_stack *stack)
{
	u64 size = stack->high - stack->low;

	return size >= LEAST_GO_STACK && size <= MOST_GO_STACK;
}

/*
 * Reads what R14 points to. Where nothing can be read the try is a page fault, 900 instructions, and in a program that is not Go's it is
 * the same with every system call of a loop: so an address where no goroutine was is tried again only each 64th time. A goroutine's own
 * is never one: it runs.
 */
static __always_inline bool read_goroutine(struct task_context *context, struct go_stack *stack, u64 goroutine)
{
	if (context->no_goroutine == goroutine && ++context->no_goroutine_times % READ_AGAIN)
		return false;
	if (!bpf_probe_read_user(stack, sizeof(*stack), (void *)goroutine) && is_go_stack(stack))
		return true;
	context->no_goroutine = goroutine;
	return false;
}

/*
 * A process that has the same pid began at another time; one that goes on as another program counts its execs. Walked, not read: the stack
 * of lsm_socket_sendmsg has no room for a pointer more (6.1).
 */
static __always_inline u32 life_of(struct task_struct *task)
{
	return (u32)(task->group_leader->start_boottime >> 10) + (u32)task->self_exec_id * 0x9e3779b1U;
}

/* The goroutine that runs on this thread, which is in a system call. False: none. Cost: a read of 16 bytes. */
static __always_inline bool fiber_of(struct task_struct *task, struct task_context *context, struct fiber_key *key)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 goroutine = registers->r14, at = registers->sp;
	struct go_stack stack;

	if (goroutine < LEAST_ADDRESS || goroutine % sizeof(u64) || !read_goroutine(context, &stack, goroutine))
		return false;
	if (at <= stack.low || at > stack.high)
		return false;
	key->goroutine = goroutine;
	key->tgid = task->tgid;
	key->life = life_of(task);
	return true;
}

/* What a goroutine serves. False: nothing. */
static __always_inline bool cause_of_fiber(const struct fiber_key *key, struct cause *cause)
{
	struct cause *found = bpf_map_lookup_elem(&fibers, key);

	/* A datagram has no connection. */
	if (!found || (found->connection && !is_connected(found)))
		return false;
	*cause = *found;
	return true;
}

static __always_inline void fiber_serves(const struct fiber_key *key, const struct cause *cause)
{
	struct cause served = *cause;

	served.confidence = weakest(served.confidence, NESTOR_INFERRED);
	served.accepted = 0;
	if (bpf_map_update_elem(&fibers, key, &served, BPF_ANY))
		count_loss(NESTOR_LOSS_CAUSE_TABLE);
}

/* The hop that what this thread does now belongs to, as far as the thread alone, or its goroutine, tells; requests.bpf.h knows more. */
static __always_inline void effective_cause(struct cause *effective, struct task_struct *task, struct task_context *context)
{
	struct fiber_key fiber;

	if (context->cause.hop_id)
		*effective = context->cause;
	else if (!fiber_of(task, context, &fiber) || !cause_of_fiber(&fiber, effective))
		own_cause(effective, context);
}

#endif
