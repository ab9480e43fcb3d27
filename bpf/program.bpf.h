/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that start others for somebody else: sshd for who logged in, cron and at for who left a job in a file. Known by the name of
 * their file, in pods, too, where anybody may give it: a name opens a hop there and ends no chain.
 */
#ifndef NESTOR_PROGRAM_BPF_H
#define NESTOR_PROGRAM_BPF_H

#include "context.bpf.h"

/* `len` counts the NUL where the whole name is meant. */
static __always_inline bool starts_with(const char *name, const char *word, const u32 len)
{
	for (u32 i = 0; i < len; i++) {
		if (name[i] != word[i])
			return false;
	}
	return true;
}

static __always_inline void note_program(const unsigned char *file_name, struct task_context *context)
{
	char name[8] = {};

	context->flags &= ~(NESTOR_TASK_SSHD | TASK_DELEGATE);
	bpf_probe_read_kernel_str(name, sizeof(name), file_name);
	if (starts_with(name, "sshd", 4) && (!name[4] || name[4] == '-'))
		context->flags |= NESTOR_TASK_SSHD;
	else if (starts_with(name, "atd", 4) || starts_with(name, "cron", 5) || starts_with(name, "crond", 6) ||
		 starts_with(name, "anacron", 8))
		context->flags |= TASK_DELEGATE;
}

#endif
