/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fiber.bpf.h"
#include "hop.bpf.h"
#include "lsm.bpf.h"

#define PTRACE_MODE_ATTACH 0x02 /* include/linux/ptrace.h; unchanged since 2.6.27 */
#define TS_COMPAT 0x0002        /* a 32-bit system call is under way */
#define O_ACCMODE 3

enum call { /* x86-64 numbers, and i386's where they differ */
	    CALL_OPEN = 2,
	    CALL_PTRACE = 101,
	    CALL_OPENAT = 257,
	    CALL_VM_WRITEV = 311,
	    CALL_OPENAT2 = 437,
	    CALL_OPEN_32 = 5,
	    CALL_PTRACE_32 = 26,
	    CALL_OPENAT_32 = 295,
	    CALL_VM_WRITEV_32 = 348,
};

struct open_how { /* uapi/linux/openat2.h */
	u64 flags;
};

static __always_inline u32 trace_way_32(u64 call, u64 flags_of_open, u64 flags_of_openat)
{
	if (call == CALL_PTRACE_32)
		return NESTOR_TRACE_PTRACE;
	if (call == CALL_VM_WRITEV_32)
		return NESTOR_TRACE_VM_WRITE;
	if (call == CALL_OPEN_32)
		return (flags_of_open & O_ACCMODE) ? NESTOR_TRACE_MEM_FILE : 0;
	if (call == CALL_OPENAT_32)
		return (flags_of_openat & O_ACCMODE) ? NESTOR_TRACE_MEM_FILE : 0;
	return 0;
}

/*
 * How the caller gets hold of the other process; 0: not at all, or to read only. The kernel asks ptrace_access_check for all of these;
 * which one it is, the system call tells. Of all files of /proc that ask at open, only `mem` asks for the right to attach.
 */
static __always_inline u32 trace_way(struct task_struct *task)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 call = BPF_CORE_READ(registers, orig_ax), si = BPF_CORE_READ(registers, si), dx = BPF_CORE_READ(registers, dx);
	struct open_how how = {};

	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
		return trace_way_32(call, BPF_CORE_READ(registers, cx), dx);
	switch (call) {
	case CALL_PTRACE:
		return NESTOR_TRACE_PTRACE;
	case CALL_VM_WRITEV:
		return NESTOR_TRACE_VM_WRITE;
	case CALL_OPEN:
		return (si & O_ACCMODE) ? NESTOR_TRACE_MEM_FILE : 0;
	case CALL_OPENAT:
		return (dx & O_ACCMODE) ? NESTOR_TRACE_MEM_FILE : 0;
	case CALL_OPENAT2:
		/* What cannot be read counts as for writing. */
		if (bpf_probe_read_user(&how, sizeof(how), (void *)dx))
			return NESTOR_TRACE_MEM_FILE;
		return (how.flags & O_ACCMODE) ? NESTOR_TRACE_MEM_FILE : 0;
	}
	return 0;
}

static __always_inline void carry_on_in(struct task_struct *task, const struct cause *cause)
{
	struct task_context *context = find_context(task);

	if (!context)
		return;
	take_place(context, cause);
	context->flags |= TASK_TRACED;
}

static __always_inline void accessed(struct task_struct *child, unsigned int mode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context, *of_child;
	struct nestor_hop_body *body;
	struct cause from, cause;
	u32 way;

	if (!(mode & PTRACE_MODE_ATTACH) || task->tgid == child->tgid)
		return;
	context = context_of(task);
	of_child = context_of(child);
	if (!context || !of_child || !context->hop_id || context->hop_id == of_child->hop_id)
		return;
	way = trace_way(task);
	if (!way)
		return;
	effective_cause(&from, task, context);
	body = open_hop();
	if (!body)
		return;
	hop_below(body, &from);
	body->kind = NESTOR_HOP_TRACE;
	body->detail = way;
	hop_from(body, task, context);
	body->to_container_cgroup_id = of_child->container;
	cause_of_hop(&cause, body);
	/* A host process that reaches into a pod this way is the pod's business from then on. */
	if (of_child->container && !context->container)
		context->flags |= NESTOR_TASK_IN_POD_CHAIN;
	if (context->container && !of_child->container)
		of_child->flags |= NESTOR_TASK_IN_POD_CHAIN;
	of_child->flags |= TASK_TRACED;
	enter_hop(child, of_child, &cause);
	carry_on_in(child->group_leader, &cause);
}

/*
 * Hook: lsm/ptrace_access_check, in the tracer. Lowest kernel: 5.7.
 * ptrace (attach, seize), process_vm_writev and /proc/PID/mem opened for writing: the process that is written to carries the tracer's
 * chain from then on, its other threads from their next fork or exec on. Told when it is allowed; that it then fails for another reason
 * (it is traced already, it exits) is not seen. Cost: nothing for reads (PTRACE_MODE_READ). On failure: connection-table.
 */
OBSERVE2(ptrace_access_check, accessed, struct task_struct *, child, unsigned int, mode)
