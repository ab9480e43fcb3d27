/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Namespace rules: who makes namespaces (clone, unshare) or enters them (setns).
 *
 * The kernel asks an LSM about user namespaces, and about every clone. For the others it asks for CAP_SYS_ADMIN only, in the middle of the
 * call, and takes EPERM for an answer: so the call notes in the task's context which namespaces are meant, and decide_capable decides at
 * the first question. A note outlives its call where nobody asked: it counts during a call of its own kind only, which writes it anew.
 * Who lacks CAP_SYS_ADMIN is refused by the kernel before anybody here is asked, and not told.
 */
#include "decide_act.bpf.h"

#define CAP_SYS_ADMIN 21

enum clone_flag { /* uapi/linux/sched.h */
		  CLONE_FOR_TIME = 0x00000080,
		  CLONE_FOR_MNT = 0x00020000,
		  CLONE_FOR_CGROUP = 0x02000000,
		  CLONE_FOR_UTS = 0x04000000,
		  CLONE_FOR_IPC = 0x08000000,
		  CLONE_FOR_USER = 0x10000000,
		  CLONE_FOR_PID = 0x20000000,
		  CLONE_FOR_NET = 0x40000000,
};

enum call { /* x86-64 and x32 */
	    CALL_UNSHARE = 272,
	    CALL_SETNS = 308,
	    CALL_UNSHARE_32 = 310,
	    CALL_SETNS_32 = 346,
};

static __always_inline u8 kinds_of(u64 flags)
{
	return ((flags & CLONE_FOR_CGROUP) ? NESTOR_KIND_CGROUP : 0) | ((flags & CLONE_FOR_IPC) ? NESTOR_KIND_IPC : 0) |
	       ((flags & CLONE_FOR_MNT) ? NESTOR_KIND_MNT : 0) | ((flags & CLONE_FOR_NET) ? NESTOR_KIND_NET : 0) |
	       ((flags & CLONE_FOR_PID) ? NESTOR_KIND_PID : 0) | ((flags & CLONE_FOR_TIME) ? NESTOR_KIND_TIME : 0) |
	       ((flags & CLONE_FOR_USER) ? NESTOR_KIND_USER : 0) | ((flags & CLONE_FOR_UTS) ? NESTOR_KIND_UTS : 0);
}

/* The operation whose call is under way; 0: neither unshare nor setns. `argument`: its first. */
static __always_inline u8 call_of(struct task_struct *task, u64 *argument)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	bool compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	u64 call = BPF_CORE_READ(registers, orig_ax) & ~(u64)CALL_OF_X32;

	*argument = compat ? (u32)BPF_CORE_READ(registers, bx) : BPF_CORE_READ(registers, di);
	if (call == (compat ? CALL_UNSHARE_32 : CALL_UNSHARE))
		return NESTOR_OPERATION_UNSHARE;
	return call == (compat ? CALL_SETNS_32 : CALL_SETNS) ? NESTOR_OPERATION_SETNS : 0;
}

/*
 * Hook: lsm/userns_create. Lowest kernel: 6.1. Needs BPF among the active LSMs. Refuses with EPERM an unshare that makes a user namespace,
 * with all that it makes besides. Cost: nothing without namespace rules here. On failure (no room to work in): policy-state, refused.
 */
SEC("lsm/userns_create")
int FUNCTION_PROG(decide_userns, const struct cred *cred)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_act act = {};
	u64 flags;

	act.operation = call_of(task, &flags);
	if (act.operation != NESTOR_OPERATION_UNSHARE)
		return 0; /* a clone, which decide_clone judges */
	act.kinds = kinds_of(flags) | NESTOR_KIND_USER;
	return decide_act(&act, NESTOR_RULE_NAMESPACE, NESTOR_STAGE_NAMESPACE, NULL);
}

/*
 * Hook: lsm/task_alloc, in the parent, for clone, clone3, fork and threads. Lowest kernel: 5.17. As above; cost: one comparison a fork that
 * makes no namespace.
 */
SEC("lsm/task_alloc")
int FUNCTION_PROG(decide_clone, struct task_struct *child, unsigned long flags)
{
	struct nestor_act act = {.operation = NESTOR_OPERATION_CLONE, .kinds = kinds_of(flags)};

	return act.kinds ? decide_act(&act, NESTOR_RULE_NAMESPACE, NESTOR_STAGE_NAMESPACE, NULL) : 0;
}

static __always_inline int note(u8 operation, u8 kinds)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;

	context = policy_generation ? context_to_judge(task) : NULL;
	if (context)
		context->entering = operation << 8 | kinds;
	return 0;
}

/*
 * Hook: fentry/unshare_nsproxy_namespaces. Lowest kernel: 5.17. Notes which namespaces an unshare is about to make. With a user namespace
 * among them decide_userns has judged it.
 */
SEC("fentry/unshare_nsproxy_namespaces")
int FUNCTION_PROG(decide_unshare, unsigned long flags)
{
	return note(NESTOR_OPERATION_UNSHARE, (flags & CLONE_FOR_USER) ? 0 : kinds_of(flags));
}

/*
 * Hooks: fentry on what setns calls for each kind of namespace. Lowest kernel: 5.17. A descriptor of a process names several at once, one
 * after the other.
 */
#define NOTE_SETNS(name, function, kind)                                                                                                   \
	SEC("fentry/" #function) int FUNCTION_PROG(decide_setns_##name)                                                                    \
	{                                                                                                                                  \
		return note(NESTOR_OPERATION_SETNS, kind);                                                                                 \
	}

NOTE_SETNS(cgroup, cgroupns_install, NESTOR_KIND_CGROUP)
NOTE_SETNS(ipc, ipcns_install, NESTOR_KIND_IPC)
NOTE_SETNS(mnt, mntns_install, NESTOR_KIND_MNT)
NOTE_SETNS(net, netns_install, NESTOR_KIND_NET)
NOTE_SETNS(pid, pidns_install, NESTOR_KIND_PID)
NOTE_SETNS(time, timens_install, NESTOR_KIND_TIME)
NOTE_SETNS(user, userns_install, NESTOR_KIND_USER)
NOTE_SETNS(uts, utsns_install, NESTOR_KIND_UTS)

/*
 * Hook: lsm/capable. Lowest kernel: 5.17. Refuses with EPERM what was noted. Cost: one comparison a capability that somebody uses, for
 * CAP_SYS_ADMIN two look-ups more.
 */
SEC("lsm/capable")
int FUNCTION_PROG(decide_capable, const struct cred *cred, struct user_namespace *namespace, int capability)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context;
	struct nestor_act act = {};
	u64 argument;

	if (capability != CAP_SYS_ADMIN || !policy_generation)
		return 0;
	context = context_to_judge(task);
	if (!context || !(context->entering & 0xff))
		return 0;
	act.operation = call_of(task, &argument);
	if (act.operation != context->entering >> 8)
		return 0;
	act.kinds = context->entering;
	context->entering = 0;
	return decide_act(&act, NESTOR_RULE_NAMESPACE, NESTOR_STAGE_NAMESPACE, NULL);
}
