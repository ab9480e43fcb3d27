/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cgroup.bpf.h"
#include "crossing.bpf.h"
#include "path.bpf.h"
#include "program.bpf.h"
#include "requests.bpf.h"
#include "steer.bpf.h"
#include "turn.bpf.h"

static __always_inline u32 mount_namespace(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* What a program that the runtime puts into a container has as its standard input: the runtime shows no more of who asked for it. */
static __always_inline u32 standard_input(struct task_struct *task)
{
	struct file **table = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;
	struct inode *inode;
	u32 type, device;

	if (bpf_probe_read_kernel(&file, sizeof(file), table) || !file)
		return NESTOR_INPUT_NONE;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	if (type == S_IFIFO || type == S_IFSOCK)
		return NESTOR_INPUT_PIPE;
	if (type != S_IFCHR)
		return NESTOR_INPUT_UNKNOWN;
	device = BPF_CORE_READ(inode, i_rdev);
	return device == DEV_NULL ? NESTOR_INPUT_NONE : NESTOR_INPUT_TERMINAL;
}

/*
 * A task that comes from the host and runs its first program inside a container begins a chain there: the container's own, or one that the
 * runtime brought in. The runtime's own exec of itself does not count: it still has the host's mount namespace. Who is in a container
 * stays in it, whatever cgroup it goes on to.
 */
static __always_inline bool enter_container(struct task_struct *task, struct task_context *context)
{
	u64 cgroup = task_cgroup_id(task);
	struct nestor_hop_body *body;
	struct cgroup_walk walk;
	bool first;

	if (cgroup == context->cgroup_seen)
		return false;
	if (!context->container)
		find_container(&walk, task);
	if (context->container || !walk.found) {
		context->cgroup_seen = cgroup;
		return false;
	}
	if (mount_namespace(task) == host_mnt_ns)
		return false; /* not inside yet */
	context->cgroup_seen = cgroup;
	first = begin_container(&walk, task);
	body = start_chain(task, context, walk.found, first ? NESTOR_HOP_CONTAINER_ENTRYPOINT : NESTOR_HOP_RUNTIME_EXEC, task->real_parent);
	context->container = walk.found;
	if (!body)
		return true;
	if (!first)
		body->detail = standard_input(task);
	announce(task, context, body, true);
	return true;
}

static __always_inline bool start_host_service(struct task_struct *task, struct task_context *context)
{
	struct task_struct *init = task->real_parent;
	struct task_context *of_init;

	if (context->container || init->tgid != 1 || context->parent.tgid != 1)
		return false;
	of_init = find_context(init);
	if (!of_init || of_init->hop_id != context->hop_id)
		return false;
	announce(task, context, start_chain(task, context, 0, NESTOR_HOP_HOST_SERVICE, init), true);
	return true;
}

/* A daemon that the node itself started. Anybody else may call a file cron, and is in a chain that a name does not end. */
static __always_inline bool is_nodes_own(const struct task_context *context)
{
	const u32 origins = 1U << NESTOR_HOP_HOST_SERVICE | 1U << NESTOR_HOP_PRE_EXISTING;

	return !context->container && !context->depth && (origins & 1U << (context->origin_kind & 31));
}

/* The job stays below who started it. */
static __always_inline void enter_delegated(struct task_struct *task, struct task_context *context)
{
	struct nestor_hop_body *body = open_hop();
	struct cause own;

	if (!body)
		return;
	own_cause(&own, context);
	hop_below(body, &own);
	body->kind = NESTOR_HOP_DELEGATED;
	hop_from(body, task->real_parent, context);
	body->to_container_cgroup_id = context->container;
	move_into(task, context, body);
}

/* A job of cron or at: who left it in a file is not known. True: so a chain begins. */
static __always_inline bool start_delegated(struct task_struct *task, struct task_context *context)
{
	struct nestor_hop_body *body;

	if (!is_nodes_own(context)) {
		enter_delegated(task, context);
		return false;
	}
	body = start_chain(task, context, 0, NESTOR_HOP_DELEGATED, task->real_parent);
	announce(task, context, body, true);
	return body;
}

static __always_inline u32 tty_of(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	if (!tty)
		return 0;
	return (BPF_CORE_READ(tty, driver, major) << 20) |
	       ((BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index)) & 0xfffff);
}

static __always_inline u32 session_of(struct task_struct *task)
{
	u32 number = 0;
	struct pid *session = BPF_CORE_READ(task, signal, pids[PIDTYPE_SID]);

	bpf_core_read(&number, sizeof(number), (void *)session + bpf_core_field_offset(struct pid, numbers));
	return number;
}

static __always_inline void fill_namespaces(struct nestor_exec *record, struct task_struct *task)
{
	struct nsproxy *namespaces = BPF_CORE_READ(task, nsproxy);

	record->mnt_ns = BPF_CORE_READ(namespaces, mnt_ns, ns.inum);
	record->net_ns = BPF_CORE_READ(namespaces, net_ns, ns.inum);
	record->uts_ns = BPF_CORE_READ(namespaces, uts_ns, ns.inum);
	record->ipc_ns = BPF_CORE_READ(namespaces, ipc_ns, ns.inum);
	record->user_ns = BPF_CORE_READ(task, cred, user_ns, ns.inum);
	record->pid_ns = own_pid_namespace(task);
	record->ns_pid = pid_in_own_namespace(task);
	record->session = session_of(task);
}

static __always_inline bool fill_path(struct nestor_span *span, char *data, u32 at, u32 room, struct path *path, struct task_struct *task)
{
	struct resolved resolved = path_of(path, task, data + at, room);

	span->offset = at + resolved.offset;
	span->len = resolved.len;
	span->flags = resolved.truncated ? NESTOR_SPAN_TRUNCATED : 0;
	return !resolved.truncated;
}

static __always_inline void fill_argv(struct nestor_exec *record, u32 at, const u32 room, unsigned long start, u32 total)
{
	u64 len = total;

	barrier_var(len); /* else the bound below is known to the compiler, left out, and unknown to the verifier */
	if (len > room)
		len = room;
	record->argv.offset = at;
	record->argv.flags = total > room ? NESTOR_SPAN_TRUNCATED : 0;
	if (bpf_probe_read_user(record->data + at, len, (void *)start)) {
		count_loss(NESTOR_LOSS_ARGV_READ);
		record->argv.flags |= NESTOR_SPAN_UNREADABLE;
		len = 0;
	}
	record->argv.len = len > 0 && total <= room ? len - 1 : len; /* without the last NUL */
}

/* One record with `paths` bytes for each of exe and cwd and `argv` bytes for the arguments. False: a path needs more room. */
static __always_inline bool emit_exec(struct task_struct *task, struct task_context *context, struct linux_binprm *bprm, const u32 paths,
				      const u32 argv, bool last, unsigned long arg_start, u32 arg_total)
{
	const u32 size = sizeof(struct nestor_exec) + 2 * paths + argv;
	struct nestor_exec *record;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct file *file = BPF_CORE_READ(bprm, file);
	struct path *exe = &file->f_path, *cwd = &fs->pwd;
	struct inode *inode;
	bool whole;

	control_reserve_or(record, size, NESTOR_EXEC, return true);
	whole = fill_path(&record->exe, record->data, 0, paths, exe, task);
	whole &= fill_path(&record->cwd, record->data, paths, paths, cwd, task);
	if (!whole && !last) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return false;
	}
	if (!whole)
		count_loss(NESTOR_LOSS_PATH_TRUNCATED);
	fill_actor(&record->actor, task, context);
	inode = BPF_CORE_READ(file, f_inode);
	record->exe_inode = BPF_CORE_READ(inode, i_ino);
	record->exe_device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->argc = bprm->argc;
	record->argv_total = arg_total;
	record->tty = tty_of(task);
	fill_namespaces(record, task);
	fill_argv(record, 2 * paths, argv, arg_start, arg_total);
	if (record->argv.flags & NESTOR_SPAN_TRUNCATED)
		count_loss(NESTOR_LOSS_ARGV_TRUNCATED);
	ring_submit(record);
	return true;
}

#define SMALL_ARGV (NESTOR_EXEC_SMALL_DATA - 2 * PATH_SMALL)
#define MEDIUM_ARGV (NESTOR_EXEC_MEDIUM_DATA - 2 * PATH_MEDIUM)
#define LARGE_ARGV NESTOR_ARGV_BYTES

/*
 * Hook: tp_btf/sched_process_exec, in the task, new image in place, before its first instruction; every ABI and execveat pass here.
 * Lowest kernel: 5.11. Records the exec; starts a chain where a container or a host service begins.
 * Cost: one record of 1.2 KiB (longer arguments 8.2 or 40 KiB), some 60 reads.
 * On failure: ring-control counts a lost record, the context (and so all later records) is right all the same.
 */
SEC("tp_btf/sched_process_exec")
int TRACEPOINT_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct task_context *context = context_of(task);
	unsigned long start, end;
	bool fresh, login, job;
	struct mm_struct *mm;
	u32 total;

	if (!context)
		context = store_context(task, NULL);
	if (!context)
		return 0;
	if (context->exec_id == task->self_exec_id)
		return 0; /* the instance before saw this one: it handed over in this moment */
	context->exec_id = task->self_exec_id;
	/* An exec ends what the thread was serving for others: the new program knows nothing of it. */
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
	context->own_turn = 0;
	context->own_open = 0;
	tell_alone(context);
	context->alone = 0;
	if (context->flags & TASK_RECEIVES) {
		context->flags &= ~TASK_RECEIVES;
		forget_serving(task);
	}
	login = context->flags & NESTOR_TASK_SSHD;
	job = context->flags & TASK_DELEGATE;
	note_program(BPF_CORE_READ(bprm, file, f_path.dentry, d_name.name), context);
	fresh = enter_container(task, context);
	if (!fresh)
		fresh = start_host_service(task, context);
	job = job && !fresh && !(context->flags & TASK_DELEGATE);
	if (job)
		fresh = start_delegated(task, context);
	note_input(task, context, fresh);
	note_crossings(task, context, fresh, login || job);
	if (!in_scope(task, context))
		return 0;

	mm = BPF_CORE_READ(task, mm);
	start = BPF_CORE_READ(mm, arg_start);
	end = BPF_CORE_READ(mm, arg_end);
	total = end > start ? end - start : 0;
	if (total <= SMALL_ARGV && emit_exec(task, context, bprm, PATH_SMALL, SMALL_ARGV, false, start, total))
		return 0;
	if (total <= MEDIUM_ARGV && emit_exec(task, context, bprm, PATH_MEDIUM, MEDIUM_ARGV, false, start, total))
		return 0;
	emit_exec(task, context, bprm, PATH_LARGE, LARGE_ARGV, true, start, total);
	return 0;
}
