/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program that no exec shows: run by hand through its loader (ld.so PROGRAM), which maps it. A program that has no interpreter of its own
 * and maps another file for execution is such a loader, whatever it is called; exec rules judge what it maps. Other programs map libraries
 * all the time and are left alone.
 */
#include "decide_exec.bpf.h"

#define AT_BASE 7
#define PROT_EXEC 4
#define AUXV_PAIRS 24

/* Where the kernel put the interpreter: 0 says there is none. Not there: the exec is not over yet. */
static __always_inline bool is_loader(struct task_struct *task, struct scratch *scratch)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 *pairs = (u64 *)scratch->path;

	if (!mm ||
	    bpf_probe_read_kernel(pairs, AUXV_PAIRS * 2 * sizeof(u64), (void *)mm + bpf_core_field_offset(struct mm_struct, saved_auxv)))
		return false;
	for (int i = 0; i < AUXV_PAIRS; i++) {
		if (pairs[2 * i] == AT_BASE)
			return !pairs[2 * i + 1];
	}
	return false;
}

/* What is mapped is loaded, unless the loader is known by its name: then it was judged when it started, and this is no second start. */
__noinline __weak int as_loaded(struct scratch *scratch)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!scratch || is_loader_name(scratch, BPF_CORE_READ(task, mm, exe_file, f_path.dentry)))
		return 0;
	return NESTOR_IS_LOADER;
}

static __always_inline int judge_mapping(const struct decision *decision, struct file *file)
{
	struct judgement judgement = {.file = unknown_zero};
	u32 sparing = asks_who_starts(decision) ? rules_sparing(decision) : unknown_zero;

	if (!inspect_program(&judgement, decision, file) || !drop_set(&judgement, decision, sparing))
		return 0;
	if (decision->scratch->found.digests) /* who maps a file holds a lock that hashing would wait for */
		judgement.unseen |= NESTOR_SEES_DIGEST;
	if (decision->scratch->found.asking_file)
		look_at_file(&judgement, decision, file, as_loaded(decision->scratch));
	begin_judgement(&judgement, decision, NESTOR_RULE_EXEC, NESTOR_STAGE_MMAP);
	show_argv(&judgement, decision->task);
	judge(&judgement);
	return refusal(&judgement);
}

static __always_inline bool is_own_program(struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return BPF_CORE_READ(file, f_inode) == BPF_CORE_READ(task, mm, exe_file, f_inode);
}

static __always_inline int decide_mapping(struct file *file)
{
	struct decision decision;
	int ret = 0;

	if (is_own_program(file) || !begin_decision(&decision, NESTOR_RULE_EXEC))
		return 0;
	if (!decision.scratch)
		return -EPERM;
	if (is_loader(decision.task, decision.scratch))
		ret = judge_mapping(&decision, file);
	leave_scratch(decision.scratch);
	return ret;
}

/*
 * Hooks: lsm/mmap_file, lsm/file_mprotect, for files that become executable. Lowest kernel: 5.17. Need BPF among the active LSMs. Refuse
 * with EPERM. Cost: nothing without exec rules here, else some 400 bytes read a library; a path and the arguments under a loader. On
 * failure (no room to work in): policy-state, refused.
 */
SEC("lsm/mmap_file")
int FUNCTION_PROG(decide_mmap, struct file *file, unsigned long asked, unsigned long protection)
{
	return file && (protection & PROT_EXEC) ? decide_mapping(file) : 0;
}

SEC("lsm/file_mprotect")
int FUNCTION_PROG(decide_mprotect, struct vm_area_struct *area, unsigned long asked, unsigned long protection)
{
	struct file *file = (protection & PROT_EXEC) ? BPF_CORE_READ(area, vm_file) : NULL;

	return file ? decide_mapping(file) : 0;
}
