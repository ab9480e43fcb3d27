/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Trace rules: getting hold of another process, or of memory by its file.
 *
 * Which way it is, the system call tells; its registers are the kernel's own copy, which no other thread can change. /proc/PID/mem is known
 * by the file and not by the call: io_uring opens it, too.
 */
#include "decide_act.bpf.h"

#define PTRACE_MODE_ATTACH 0x02 /* include/linux/ptrace.h; unchanged since 2.6.27 */
#define PROC_SUPER_MAGIC 0x9fa0
#define PIDTYPE_PID 0

enum call { /* x86-64 numbers, and those of i386 and x32 where they differ */
	    CALL_PTRACE = 101,
	    CALL_VM_READV = 310,
	    CALL_VM_WRITEV = 311,
	    CALL_PIDFD_GETFD = 438,
	    CALL_PTRACE_32 = 26,
	    CALL_VM_READV_32 = 347,
	    CALL_VM_WRITEV_32 = 348,
	    CALL_PTRACE_X32 = 521,
	    CALL_VM_READV_X32 = 539,
	    CALL_VM_WRITEV_X32 = 540,
};

static __always_inline u8 operation_of(u64 call, u64 ptrace, u64 vm_read, u64 vm_write)
{
	if (call == ptrace)
		return NESTOR_OPERATION_PTRACE;
	if (call == vm_read)
		return NESTOR_OPERATION_VM_READ;
	if (call == vm_write)
		return NESTOR_OPERATION_VM_WRITE;
	return call == CALL_PIDFD_GETFD ? NESTOR_OPERATION_GETFD : 0;
}

/* 0: /proc/PID/mem is opened, or a file like /proc/PID/stack read, which tells of the process only. */
static __always_inline u8 trace_operation(struct task_struct *task)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 call = BPF_CORE_READ(registers, orig_ax);

	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
		return operation_of(call, CALL_PTRACE_32, CALL_VM_READV_32, CALL_VM_WRITEV_32);
	if (call & CALL_OF_X32)
		return operation_of(call & ~CALL_OF_X32, CALL_PTRACE_X32, CALL_VM_READV_X32, CALL_VM_WRITEV_X32);
	return operation_of(call, CALL_PTRACE, CALL_VM_READV, CALL_VM_WRITEV);
}

/*
 * Hook: lsm/ptrace_access_check, in the tracer. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses with EPERM ptrace (attach,
 * seize), process_vm_readv, process_vm_writev and pidfd_getfd. Cost: nothing for PTRACE_MODE_READ, as of ps and files of /proc, nor without
 * trace rules here. On failure (no room to work in): policy-state, refused.
 */
SEC("lsm/ptrace_access_check")
int FUNCTION_PROG(decide_trace, struct task_struct *child, unsigned int mode)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_act act = {};

	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	act.operation = trace_operation(task);
	if (!act.operation)
		return 0;
	act.from = task->tgid;
	act.to = BPF_CORE_READ(child, tgid);
	return decide_act(&act, NESTOR_RULE_TRACE, NESTOR_STAGE_TRACE, BPF_CORE_READ(child, mm, exe_file));
}

/* Hook: lsm/ptrace_traceme, in the process that asks its parent to trace it. Lowest kernel: 5.17. As above. */
SEC("lsm/ptrace_traceme")
int FUNCTION_PROG(decide_traceme, struct task_struct *parent)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_act act = {.operation = NESTOR_OPERATION_PTRACE};

	act.from = BPF_CORE_READ(parent, tgid);
	act.to = task->tgid;
	return decide_act(&act, NESTOR_RULE_TRACE, NESTOR_STAGE_TRACE, BPF_CORE_READ(parent, mm, exe_file));
}

/* The thread whose memory this file is; NULL: it is another file, or the thread is gone. */
static __always_inline struct task_struct *owner_of_memory(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct proc_inode *of_proc;
	struct hlist_node *link;
	struct pid *pid;
	char name[4] = {};

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC || BPF_CORE_READ(dentry, d_name.len) != 3)
		return NULL;
	if (bpf_probe_read_kernel(name, 3, BPF_CORE_READ(dentry, d_name.name)) || name[0] != 'm' || name[1] != 'e' || name[2] != 'm')
		return NULL;
	of_proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	pid = BPF_CORE_READ(of_proc, pid);
	link = pid ? BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first) : NULL;
	return link ? (void *)link - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
}

/*
 * Hook: lsm/file_open: /proc/PID/mem of another process, or one's own to write to. Lowest kernel: 5.17. As above; cost with trace rules
 * here: one comparison an open.
 */
SEC("lsm/file_open")
int FUNCTION_PROG(decide_memory, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf(), *owner;
	struct nestor_act act = {.operation = NESTOR_OPERATION_MEM_FILE};

	if (!policy_generation)
		return 0;
	owner = owner_of_memory(file);
	if (!owner)
		return 0;
	act.from = task->tgid;
	act.to = BPF_CORE_READ(owner, tgid);
	if (act.to == act.from && !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return 0;
	return decide_act(&act, NESTOR_RULE_TRACE, NESTOR_STAGE_TRACE, BPF_CORE_READ(owner, mm, exe_file));
}
