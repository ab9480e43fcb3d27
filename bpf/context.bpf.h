/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The chain in the kernel: what every task and every socket carries, and how a hop is announced.
 *
 * A task is in one hop. Its `cause` is the request that this thread is serving: set when it accepts or receives from a connection that
 * carries a chain, replaced by every other receive. What the thread starts meanwhile belongs to the cause.
 */
#ifndef NESTOR_CONTEXT_BPF_H
#define NESTOR_CONTEXT_BPF_H

#include "compat.bpf.h"
#include "ring.bpf.h"
#include <bpf/bpf_core_read.h>

#define MAX_CLIMB 8 /* ancestors looked at when a task has no context; cgroup levels looked at for a container */

/* Kept inside the kernel, beside enum nestor_task_flags. */
#define TASK_RECORDED (1U << 30) /* a record named this process: its exit is worth one */
#define TASK_EXITED (1U << 31)   /* the exit record is out: two last threads may race for it */

struct cause {
	u64 hop_id; /* 0: none */
	u64 chain_id;
	u32 depth;
	u8 origin_kind;
	u8 confidence;
	u8 pad[2];
};

struct task_context {
	u64 chain_id;
	u64 hop_id;
	struct nestor_process parent;
	u64 container;   /* its cgroup id; 0: host */
	u64 cgroup_seen; /* the cgroup id that `container` was found for */
	u32 depth;
	u32 flags;
	u8 origin_kind;
	u8 confidence;
	u8 pad[6];
	struct cause cause;
};

/* What a hop needs to be announced later, kept until the first process enters it. */
struct pending_hop {
	u64 parent_id;
	struct nestor_process from;
	struct nestor_process server;
	u64 from_container;
	struct nestor_address peer;
	struct nestor_address local;
	u64 cookie;
	u8 kind;
	u8 transport;
	u8 path_len;
	u8 pad[5];
	char from_comm[NESTOR_COMM_BYTES];
	char server_comm[NESTOR_COMM_BYTES];
	char path[NESTOR_UNIX_DATA];
};

enum socket_side { SOCKET_CLIENT = 1, SOCKET_SERVER = 2 };

struct socket_tag {
	struct cause cause; /* client: the hop that connected it; server: the hop that it opens */
	u64 from_hop_id;    /* server: the hop of the client, which opens no new hop to itself */
	struct nestor_process peer;
	u64 from_container; /* server: the client's container; 0: host */
	u32 side;
	u32 pad;
};

struct container {
	u64 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_context);
} contexts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_tag);
} sockets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* hop id */
	__type(value, struct pending_hop);
} pending_hops __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u64); /* cgroup id */
	__type(value, struct container);
} containers __weak SEC(".maps");

/* Host processes that connected into a pod: their chain is the pod's business from then on. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct nestor_process);
	__type(value, u8);
} reached_pods __weak SEC(".maps");

extern u64 last_hop_id; /* state.bpf.c */
extern const volatile u32 host_mnt_ns;
extern const volatile bool node_scope;

/* An odd factor keeps ids unique and spreads neighbours over all digits, so that a few of them tell one id, as people type them. */
#define HOP_ID_SPREAD 0x9e3779b97f4a7c15ULL

static __always_inline u64 next_hop_id(void)
{
	return (__sync_fetch_and_add(&last_hop_id, 1) + 1) * HOP_ID_SPREAD;
}

static __always_inline u8 weakest(u8 a, u8 b)
{
	return a > b ? a : b;
}

static __always_inline u64 task_cgroup_id(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

static __always_inline void process_key(struct nestor_process *key, struct task_struct *task)
{
	key->start_ns = task->group_leader->start_boottime;
	key->tgid = task->tgid;
	key->pad = 0;
}

/* Storage can fail (no memory in a non-sleeping context): the nearest ancestor's context is the truth but for a cause. */
static __always_inline struct task_context *context_recover(struct task_struct *task)
{
	struct task_struct *ancestor = task->group_leader;
	struct task_context *found = NULL, *context;

	for (int i = 0; i < MAX_CLIMB && !found; i++) {
		found = bpf_task_storage_get(&contexts, ancestor, NULL, 0);
		ancestor = ancestor->real_parent;
	}
	if (!found)
		return NULL;
	count_loss(NESTOR_LOSS_TASK_STORAGE);
	context = bpf_task_storage_get(&contexts, task, found, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (context) {
		context->flags = (context->flags | NESTOR_TASK_RECOVERED) & ~(TASK_RECORDED | TASK_EXITED | NESTOR_TASK_ENTRY);
		__builtin_memset(&context->cause, 0, sizeof(context->cause));
	}
	return context;
}

/* NULL: unknown, as for tasks that are older than nestord and not seeded yet, and kernel threads. */
static __always_inline struct task_context *context_of(struct task_struct *task)
{
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);

	if (context)
		return context;
	if (task->flags & PF_KTHREAD)
		return NULL;
	return context_recover(task);
}

/* Whether events of this task are emitted. A host process learns here that it reached into a pod; its children inherit the flag. */
static __always_inline bool in_scope(struct task_struct *task, struct task_context *context)
{
	struct nestor_process key;

	if (node_scope || context->container || (context->flags & NESTOR_TASK_IN_POD_CHAIN))
		return true;
	process_key(&key, task);
	if (!bpf_map_lookup_elem(&reached_pods, &key))
		return false;
	context->flags |= NESTOR_TASK_IN_POD_CHAIN;
	return true;
}

static __always_inline void note_reached_pod(const struct task_context *server, const struct socket_tag *tag)
{
	u8 yes = 1;

	if (server->container && tag->side == SOCKET_SERVER && !tag->from_container && tag->peer.tgid)
		bpf_map_update_elem(&reached_pods, &tag->peer, &yes, BPF_ANY);
}

/* The hop that what this thread does now belongs to. */
static __always_inline void effective_cause(struct cause *effective, const struct task_context *context)
{
	if (context->cause.hop_id) {
		*effective = context->cause;
		return;
	}
	effective->hop_id = context->hop_id;
	effective->chain_id = context->chain_id;
	effective->depth = context->depth;
	effective->origin_kind = context->origin_kind;
	effective->confidence = context->confidence;
	effective->pad[0] = effective->pad[1] = 0;
}

static __always_inline void fill_actor(struct nestor_actor *actor, struct task_struct *task, struct task_context *context)
{
	process_key(&actor->self, task);
	actor->parent = context->parent;
	actor->chain_id = context->chain_id;
	actor->hop_id = context->hop_id;
	actor->cause_hop_id = context->cause.hop_id;
	actor->cgroup_id = task_cgroup_id(task);
	actor->container_cgroup_id = context->container;
	actor->depth = context->depth;
	actor->tid = task->pid;
	actor->uid = task->cred->euid.val;
	actor->gid = task->cred->egid.val;
	actor->auid = task->loginuid.val;
	actor->flags = (context->flags & ~(TASK_RECORDED | TASK_EXITED)) | (context->container ? NESTOR_TASK_IN_CONTAINER : 0);
	actor->origin_kind = context->origin_kind;
	actor->confidence = context->confidence;
	__builtin_memset(actor->pad, 0, sizeof(actor->pad));
	BPF_CORE_READ_INTO(&actor->comm, task, comm);
	context->flags |= TASK_RECORDED;
}

/* Puts a task at the start of a new chain and announces it. `from` is who brought it here. */
static __always_inline void start_chain(struct task_struct *task, struct task_context *context, u8 kind, struct task_struct *from)
{
	struct nestor_hop *record;

	context->chain_id = context->hop_id = next_hop_id();
	context->depth = 0;
	context->origin_kind = kind;
	context->confidence = NESTOR_EXACT;
	context->flags |= NESTOR_TASK_ENTRY;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));

	control_reserve_or(record, sizeof(*record), NESTOR_HOP, return);
	__builtin_memset((void *)record + sizeof(record->hdr), 0, sizeof(*record) - sizeof(record->hdr));
	fill_actor(&record->actor, task, context);
	record->id = context->hop_id;
	record->kind = kind;
	if (from) {
		struct task_context *from_context = bpf_task_storage_get(&contexts, from, NULL, 0);

		process_key(&record->from, from);
		BPF_CORE_READ_INTO(&record->from_comm, from, comm);
		if (from_context)
			record->from_container_cgroup_id = from_context->container;
	}
	ring_submit(record);
}

/*
 * The task enters the hop of a cause. The first one in announces it: who deletes the pending entry is the first, so that it happens
 * exactly once. An entry that the LRU dropped looks like one that was announced: the
 * hop is then known only by its id.
 */
static __always_inline void enter_hop(struct task_struct *task, struct task_context *context, const struct cause *cause)
{
	struct nestor_hop *record;
	struct pending_hop *pending;
	u64 id = cause->hop_id;

	context->hop_id = id;
	context->chain_id = cause->chain_id;
	context->depth = cause->depth;
	context->origin_kind = cause->origin_kind;
	context->confidence = weakest(cause->confidence, NESTOR_EXACT);
	__builtin_memset(&context->cause, 0, sizeof(context->cause));

	pending = bpf_map_lookup_elem(&pending_hops, &id);
	if (!pending)
		return; /* announced already */
	control_reserve_or(record, sizeof(*record), NESTOR_HOP, return);
	context->flags |= NESTOR_TASK_ENTRY;
	fill_actor(&record->actor, task, context);
	record->id = id;
	record->parent_id = pending->parent_id;
	record->from = pending->from;
	record->from_container_cgroup_id = pending->from_container;
	record->server = pending->server;
	record->peer = pending->peer;
	record->local = pending->local;
	record->socket_cookie = pending->cookie;
	record->kind = pending->kind;
	record->transport = pending->transport;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
	__builtin_memcpy(record->from_comm, pending->from_comm, sizeof(record->from_comm));
	__builtin_memcpy(record->server_comm, pending->server_comm, sizeof(record->server_comm));
	record->unix_path.offset = 0;
	record->unix_path.len = pending->path_len;
	record->unix_path.flags = 0;
	__builtin_memcpy(record->data, pending->path, sizeof(record->data));
	if (bpf_map_delete_elem(&pending_hops, &id)) {
		context->flags &= ~NESTOR_TASK_ENTRY;
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return;
	}
	ring_submit(record);
}

#endif
