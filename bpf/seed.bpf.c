/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "crossing.bpf.h"
#include "program.bpf.h"
#include "seed.bpf.h"
#include <bpf/bpf_helpers.h>

/*
 * What one pass over all tasks gives contexts to:
 *   SEED_KNOWN    nobody; it tells who has one already: all tasks that an earlier nestord followed
 *   SEED_ROOTS    init, and the first task of each container: a new `pre-existing` hop
 *   SEED_CHILDREN tasks whose parent (or thread group leader) has one: the parent's; repeated until a pass finds none
 *   SEED_REST     everybody left (their parent is a kernel thread or left a container): a new hop
 *   SEED_WAITING  after seed_sockets; nobody, but threads that wait for what comes over a connection serve it from now on
 */
enum seed_pass { SEED_ROOTS = 0, SEED_CHILDREN = 1, SEED_REST = 2, SEED_KNOWN = 3, SEED_WAITING = 4 };

__u32 seed_pass = SEED_ROOTS;
__u64 seed_round = 0;

/* x86-64 system calls, and how many descriptors of a table are looked at */
#define CALL_READ 0
#define CALL_READV 19
#define CALL_RECVFROM 45
#define CALL_RECVMSG 47
#define MAX_DESCRIPTOR 65536

/* The file that a thread, which sleeps, receives from. 0: it does something else. */
static __always_inline u64 file_waited_for(struct task_struct *task)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 call = BPF_CORE_READ(registers, orig_ax), descriptor = BPF_CORE_READ(registers, di);
	struct file **files, *file = NULL;

	if (call != CALL_READ && call != CALL_READV && call != CALL_RECVFROM && call != CALL_RECVMSG)
		return 0;
	if (descriptor >= MAX_DESCRIPTOR || descriptor >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 0;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return (u64)file;
}

static __always_inline void serve_what_it_waits_for(struct task_struct *task, struct task_context *context)
{
	u64 file = file_waited_for(task);
	struct served_file *served = file ? bpf_map_lookup_elem(&served_files, &file) : NULL;

	if (!served || served->round != seed_round || context->cause.hop_id || served->cause.hop_id == context->hop_id)
		return;
	context->cause = served->cause;
}

static __always_inline void put_into(struct task_struct *task, struct task_context *context, u64 container)
{
	context->container = container;
	if (container)
		note_owner(task, container, context->surroundings.mount_tree);
}

static __always_inline struct task_context *new_context(struct task_struct *task)
{
	struct task_context *context = store_context(task, NULL);

	if (!context)
		return NULL;
	context->cgroup_seen = task_cgroup_id(task);
	context->flags = NESTOR_TASK_PRE_EXISTING;
	process_key(&context->parent, task->real_parent);
	look_around(&context->surroundings, task);
	return context;
}

static __always_inline bool has_hosts_mounts(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == host_mnt_ns;
}

static __always_inline bool is_inside(struct task_struct *task)
{
	struct cgroup_walk walk;

	find_container(&walk, task);
	return walk.found && !has_hosts_mounts(task);
}

/*
 * As enter_container has it for what is seen from its start: who has a parent in a container is in that; else its cgroup counts, but for
 * what the runtime runs beside the container with the host's mounts.
 */
static __always_inline u64 container_of_old(struct task_struct *task, const struct task_context *of_parent, struct cgroup_walk *walk)
{
	find_container(walk, task);
	if (of_parent && of_parent->container)
		return of_parent->container;
	return has_hosts_mounts(task) ? 0 : walk->found;
}

/* A process, not each of its threads. */
static __always_inline void tell(struct bpf_iter__task *iterator, struct task_struct *task, struct task_context *context)
{
	struct nestor_actor actor = {};

	if (!context || task->pid != task->tgid)
		return;
	fill_actor(&actor, task, context);
	bpf_seq_write(iterator->meta->seq, &actor, sizeof(actor));
}

/*
 * Program: iter/task, run by nestord after all hooks are attached, so that no task falls between. Lowest kernel: 5.8.
 * Writes a struct nestor_actor for each process (not thread) that got a context. Cost: one walk over all tasks a pass.
 */
SEC("iter/task")
int seed(struct bpf_iter__task *iterator)
{
	struct task_struct *task = iterator->task;
	struct task_context *context, *of_parent;
	struct nestor_hop_body *body;
	struct task_struct *parent;
	struct cgroup_walk walk;
	u64 container;

	if (!task || (task->flags & PF_KTHREAD))
		return 0;
	context = find_context(task);
	if (seed_pass == SEED_KNOWN) {
		tell(iterator, task, context);
		return 0;
	}
	if (context && seed_pass == SEED_WAITING)
		serve_what_it_waits_for(task, context);
	if (context || seed_pass == SEED_WAITING)
		return 0;
	parent = task->pid == task->tgid ? task->real_parent : task->group_leader;
	of_parent = find_context(parent);
	container = container_of_old(task, of_parent, &walk);

	if (seed_pass == SEED_CHILDREN) {
		if (!of_parent || of_parent->container != container)
			return 0;
		context = new_context(task);
		if (!context)
			return 0;
		put_into(task, context, container);
		context->chain_id = of_parent->chain_id;
		context->hop_id = of_parent->hop_id;
		context->depth = of_parent->depth;
		context->origin_kind = of_parent->origin_kind;
		context->confidence = of_parent->confidence;
	} else {
		if (seed_pass == SEED_ROOTS && task->tgid != 1 && !container)
			return 0;
		if (seed_pass == SEED_ROOTS && task->pid != task->tgid)
			return 0;
		/* Who has a parent in a container, in this one or another, follows it in the next pass. */
		if (seed_pass == SEED_ROOTS && container && is_inside(parent))
			return 0;
		context = new_context(task);
		if (!context)
			return 0;
		if (container)
			begin_container(&walk, task);
		body = start_chain(task, context, container, NESTOR_HOP_PRE_EXISTING, parent);
		put_into(task, context, container);
		if (body)
			body->confidence = NESTOR_INFERRED;
		context->confidence = NESTOR_INFERRED;
		context->agents_above = 0; /* nobody saw what started it */
		announce(task, context, body, true);
	}
	note_program(BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name), context);
	tell(iterator, task, context);
	return 0;
}
