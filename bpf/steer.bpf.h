/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who may steer a process: what it reads as its input, others write. A shell in a terminal multiplexer does what its server is told by
 * anyone; a pool's process takes jobs from its parent by a pipe that was there when it was forked. So for each process it is kept whether
 * its parent may steer it, or whoever steers that one:
 *
 *   forked, no program started since   by its parent: all of its pipes are there
 *   its input is no pipe, terminal or socket   by nobody
 *   its input is its parent's          like its parent
 *   else                               by its parent, or by a neighbour that this one started
 *
 * When such a parent was told something by another hop since the process began, or is now, what the process does is that one's, or its own:
 * ambiguous; or likely its own, `inferred`, where its input's other end is closed by then. Not at once after fork: what a server starts for
 * a request has not read anything yet. Not seen: orders by other descriptors than the standard input, once a program was started; by files
 * and shared memory.
 */
#ifndef NESTOR_STEER_BPF_H
#define NESTOR_STEER_BPF_H

#include "file_kind.bpf.h"
#include "requests.bpf.h"

#define LOOKED_AT 32 /* descriptors of a process: an event loop opens its own first */

enum event_loop { LOOP_NONE = 1, LOOP_FOUND = 2 };

/* The process waits by epoll for several things at once, timers and children among them. */
static __always_inline bool is_epoll(struct file *file)
{
	static const char name[8] = "[eventpo"; /* of anon_inode_getfile("[eventpoll]", ...) */
	const unsigned char *named;
	char found[8] = {};

	if (!file)
		return false;
	named = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(found, sizeof(found), named);
	return *(u64 *)found == *(const u64 *)name;
}

struct loop_look {
	struct file **table;
	u32 most;
	bool found;
};

static long look_for_loop(u32 index, void *argument)
{
	struct loop_look *look = argument;
	struct file *file = NULL;

	if (index >= look->most)
		return 1;
	bpf_probe_read_kernel(&file, sizeof(file), look->table + index);
	look->found = is_epoll(file);
	return look->found;
}

static __noinline __maybe_unused bool has_event_loop(struct task_struct *task, struct serving *serving)
{
	struct loop_look look = {.table = BPF_CORE_READ(task, files, fdt, fd), .most = BPF_CORE_READ(task, files, fdt, max_fds)};

	if (!serving)
		return false;
	if (!serving->loop) {
		bpf_loop(LOOKED_AT, look_for_loop, &look, 0);
		serving->loop = look.found ? LOOP_FOUND : LOOP_NONE;
	}
	return serving->loop == LOOP_FOUND;
}

#define MAX_STEERED 4   /* processes in a row, each steered by the one before */
#define BEGINS_WITHIN 1 /* turns */

/* It was forked, and has not waited for anything since. */
static __always_inline bool has_begun_just_now(struct task_struct *task, const struct task_context *context)
{
	return (context->flags & TASK_FORKED) && turn_of(task, context) < BEGINS_WITHIN;
}

static __always_inline struct file *input_of(struct task_struct *task)
{
	struct file **table = BPF_CORE_READ(task, files, fdt, fd);
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), table);
	return file;
}

/* Somebody writes what is read here. */
static __always_inline bool is_steering(struct file *file)
{
	struct inode *inode;
	u32 type;

	if (!file)
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	return type == S_IFIFO || type == S_IFSOCK || (type == S_IFCHR && BPF_CORE_READ(inode, i_rdev) != DEV_NULL);
}

#define RCV_SHUTDOWN 1

/* Nobody can write there any more: what it was told is over. */
static __always_inline bool is_over(struct file *file)
{
	u32 type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	void *object = BPF_CORE_READ(file, private_data);
	struct pipe_inode_info *pipe = object;
	struct socket *socket = object;

	if (type == S_IFIFO)
		return !BPF_CORE_READ(pipe, writers);
	return type == S_IFSOCK && (BPF_CORE_READ(socket, sk, sk_shutdown) & RCV_SHUTDOWN);
}

/* A process that got its orders by its input, whose other end is closed by now. */
static __always_inline bool input_is_over(struct task_struct *task, const struct task_context *context)
{
	struct file *input = context->flags & TASK_FORKED ? NULL : input_of(task);

	return input && is_over(input);
}

/* A program starts. `fresh`: a chain begins with it, whose input is its own. */
static __always_inline void note_input(struct task_struct *task, struct task_context *context, bool fresh)
{
	struct file *input = fresh ? NULL : input_of(task);

	context->flags &= ~(TASK_STEERED | TASK_FORKED);
	if (is_steering(input))
		context->flags |= input == input_of(task->real_parent) ? TASK_LIKE_PARENT : TASK_BY_PARENT;
}

#endif
