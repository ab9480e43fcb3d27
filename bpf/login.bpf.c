/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fiber.bpf.h"
#include "login.bpf.h"
#include "lsm.bpf.h"

static __always_inline void starts_program(struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_context *context = find_context(task);
	struct scratch *scratch;
	struct cause cause;

	if (!context || !(context->flags & NESTOR_TASK_SSHD))
		return;
	scratch = take_scratch();
	if (!scratch)
		return;
	effective_cause(&cause, task, context);
	learn_login(&scratch->way, cause.hop_id);
	leave_scratch(scratch);
}

/*
 * Hook: lsm/bprm_creds_for_exec, in the task, before the new program is judged and while the old one's memory is there. Lowest kernel: 5.17
 * (bpf_loop). Notes who logged in where an sshd starts something. Cost: a look-up of the context; for an sshd some 2,000 instructions. On
 * failure: hop-table, argv-read or policy-state, and rules about users take the hop's for any.
 */
OBSERVE1(bprm_creds_for_exec, starts_program, struct linux_binprm *, bprm)
