/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "entry.bpf.h"
#include "turn.bpf.h"

#define HASH_ALGO_SHA256 4 /* include/uapi/linux/hash_info.h */

/*
 * The present exec's, if somebody may want a digest. Who is in a container has an entry where exec rules apply; one of another generation:
 * the policy changed since the system call, and nobody knows yet who wants what. A container's first program, and what the runtime puts
 * there later, is on its way in: its system call was a host process's, and which container it is for is known when the program has started.
 * What the first stage found, and for which generation, stays as it is.
 */
static __always_inline struct entry *entry_that_wants(struct task_struct *task)
{
	struct entry *entry = find_entry(task);
	struct task_context *context;

	if (entry)
		return entry->generation != policy_generation || entry->wants_digest ? entry : NULL;
	context = bpf_task_storage_get(&contexts, task, NULL, 0);
	if (context && context->container)
		return NULL;
	if (BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == host_mnt_ns)
		return NULL;
	return entry_of(task);
}

/*
 * Hook: lsm.s/bprm_check_security, for each file of an exec: the script, and then its interpreter. It may sleep, for it reads the file,
 * and so it decides nothing: decide_bprm is asked after it, as what was attached last is asked first. Lowest kernel: 5.18. Needs BPF among
 * the active LSMs, and IMA in the kernel, with SHA-256 for its default. Cost: attached while some rule asks; then in containers
 * with such rules, and for what comes into one, the whole file read and hashed a start. On failure (no IMA, a file system that cannot be
 * read, no entry): the digest is not known, and rules that ask for it count as matched.
 */
SEC("lsm.s/bprm_check_security")
int SLEEPABLE_PROG(decide_digest, struct linux_binprm *bprm)
{
	struct entry *entry = entry_that_wants(bpf_get_current_task_btf());

	if (!entry)
		return 0;
	entry->has_digest = bpf_ima_file_hash(bprm->file, entry->digest.sha256, sizeof(entry->digest.sha256)) == HASH_ALGO_SHA256;
	return 0;
}
