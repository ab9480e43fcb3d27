/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Credential rules: who becomes another user, or gains capabilities, by a system call or by the program that it starts. */
#include "decide_act.bpf.h"

static __always_inline u64 permitted(const struct cred *cred)
{
	u64 bits = 0;

	bpf_core_read(&bits, sizeof(bits), &cred->cap_permitted);
	return bits;
}

/* Files are opened as the fsuid, which follows the effective uid but for setfsuid. */
static __always_inline void compare(struct nestor_act *act, const struct cred *old, const struct cred *new)
{
	act->from = BPF_CORE_READ(old, euid.val);
	act->to = BPF_CORE_READ(new, euid.val);
	if (act->from == act->to) {
		act->from = BPF_CORE_READ(old, fsuid.val);
		act->to = BPF_CORE_READ(new, fsuid.val);
	}
	act->capabilities = permitted(new) & ~permitted(old);
}

/*
 * Hook: lsm/task_fix_setuid, for setuid, setreuid, setresuid and setfsuid. Lowest kernel: 5.17. Needs BPF among the active LSMs. Refuses
 * with EPERM. Cost: nothing without credential rules here. On failure (no room to work in): policy-state, refused.
 */
SEC("lsm/task_fix_setuid")
int FUNCTION_PROG(decide_setuid, struct cred *new, const struct cred *old)
{
	struct nestor_act act = {};

	compare(&act, old, new);
	if (act.from == act.to && !act.capabilities)
		return 0;
	return decide_act(&act, NESTOR_RULE_CREDENTIAL, NESTOR_STAGE_CREDENTIAL, NULL);
}

/*
 * Hook: lsm/bprm_creds_from_file: what a program's file gives, by its setuid bit or its capabilities, and what uid 0 gets at each start.
 * Asked when all else is settled and before the old program is gone. Lowest kernel: 5.17. As above; cost: two reads a start.
 */
SEC("lsm/bprm_creds_from_file")
int FUNCTION_PROG(decide_rights, struct linux_binprm *bprm, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct nestor_act act = {};

	if (!policy_generation)
		return 0;
	compare(&act, BPF_CORE_READ(task, cred), BPF_CORE_READ(bprm, cred));
	if (act.from == act.to && !act.capabilities)
		return 0;
	return decide_act(&act, NESTOR_RULE_CREDENTIAL, NESTOR_STAGE_CREDENTIAL, file);
}
