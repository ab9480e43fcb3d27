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

#define MAX_ANCESTORS 4 /* looked at when a task has no context */

/* Kept inside the kernel, beside enum nestor_task_flags. */
#define TASK_FORKED (1U << 24)      /* process: no program was started since */
#define TASK_LIKE_PARENT (1U << 25) /* process: whoever may steer its parent steers it, over the same input; see steer.bpf.h */
#define TASK_BY_PARENT (1U << 26)   /* process: its parent may steer it */
#define TASK_DELEGATE (1U << 27)    /* its program runs jobs that others left: cron, at */
#define TASK_TRACED (1U << 28)      /* process: a tracer's chain took it over; its threads follow at their next fork or exec */
#define TASK_RECEIVES (1U << 29)    /* thread: it has a list of requests in `servings` */
#define TASK_RECORDED (1U << 30)    /* a record named this process: its exit is worth one */
#define TASK_EXITED (1U << 31)      /* the exit record is out: two last threads may race for it */

#define TASK_STEERED (TASK_BY_PARENT | TASK_LIKE_PARENT)
#define TASK_PRIVATE (TASK_STEERED | TASK_FORKED | TASK_TRACED | TASK_RECEIVES | TASK_RECORDED | TASK_EXITED)

struct cause {
	u64 hop_id; /* 0: none */
	u64 chain_id;
	u64 connection; /* the hop of the connection that it came over, see request_states; 0: none */
	u64 agents;     /* inside that hop: what is done for it is below these, see agents_join */
	u32 depth;
	u8 origin_kind;
	u8 confidence;
	u8 accepted; /* set by accept: what is forked now is the connection's own child */
	u8 pad;
};

/*
 * What the task's present program was started with: what the next one has more, or other, is a crossing. A mount or network namespace may
 * end while the task goes on to the next one, so these are known by what is never used again, not by their inode numbers. The other two
 * live as long as what is below them: a task comes into no others.
 */
struct surroundings {
	u64 caps; /* permitted */
	u64 mount_tree;
	u64 net_cookie;
	u32 uid; /* effective */
	u32 pid_ns, user_ns;
	u32 pad;
};

struct task_context {
	u64 chain_id;
	u64 hop_id;
	struct nestor_process parent;
	u64 container;   /* its cgroup id, or that of the container it entered from the host; 0: host */
	u64 cgroup_seen; /* the cgroup id that `container` was found for */
	u32 depth;
	u32 flags;
	u8 origin_kind;
	u8 confidence;
	u8 got_socket;         /* the message that is received now brings a socket */
	u8 got_datagram;       /* on_datagram saw the one that is received now */
	u16 entering;          /* the namespaces that it is about to enter: see decide_namespace.bpf.c */
	u8 no_goroutine_times; /* see read_goroutine in fiber.bpf.h */
	u8 alone_over;         /* there are other threads now, see goes_on_alone */
	u64 no_goroutine;
	u64 exec_id;  /* the kernel's count of the exec that was taken in last */
	u64 taken_by; /* see turn.bpf.h */
	struct surroundings surroundings;
	struct cause cause;
	u64 rules_of;     /* the container that the next was found for */
	u64 rules_seen;   /* what applies here, NESTOR_APPLIES_BITS bits of nestor_applying.events; above them the moment, see
			     rules_moment in policy.bpf.h; 0: never looked */
	u32 told_loader;  /* see was_told in judge.bpf.h */
	u32 image_device; /* that container's, see struct nestor_container: it never changes */
	u32 agents_exec;  /* the exec that agents_own is of: the lower half of the kernel's count */
	u8 alone_waits;   /* its request is not answered */
	u8 alone_untold;  /* which request_states does not say yet, see tell_alone */
	u16 own_open;     /* thread: requests of its own hop that it received and has not answered */
	u64 alone;        /* the only connection that its process serves, see goes_on_alone; 0: not known to be the only one */
	u64 alone_turn;   /* in which it brought the last request, see turn_of */
	u64 agents_own;   /* marks: the agents that its process is; see agents_join */
	u64 agents_above; /* and those that it is below, inside its hop */
	u64 spawn_sleeps; /* thread: how often it slept only until what it started had begun, see turn_of */
	u64 cause_turn;   /* in which the request of `cause` came last, see turn_of */
	u64 own_turn;     /* thread: what it received last came from its own hop; the turn in which, and 1; 0: it did not */
};

enum socket_side {
	SOCKET_CLIENT = 1,
	SOCKET_SERVER = 2,
	SOCKET_PAIR = 3,
	SOCKET_CALLED = 4, /* a server's, which nobody has accepted yet: its client is known */
};

/* What a socket carries. */
struct socket_tag {
	struct cause cause; /* client: the hop that connected it; called: the client's; server: the hop that it opens; pair: that made it */
	u64 from_hop_id;    /* server: the hop of the client, which opens no new hop to itself; client: see expect_answers */
	struct nestor_process peer;
	u64 from_container;           /* server: the client's container; 0: host */
	u64 outbox;                   /* where its sends leave their hop, see senders; 0: nowhere */
	u64 inbox;                    /* where the hop of what it receives is; 0: nowhere */
	struct cause other;           /* server: the hop of another sender than the client */
	u64 other_from;               /* and the hop that it comes from */
	struct nestor_process holder; /* who got the connection by a passed descriptor */
	struct cause passed;          /* and the fd-pass hop that this opened */
	u32 side;
	u8 shared;  /* not only the hop that made it sends on it */
	u8 request; /* server: enum request_state, of what came last; 0: nothing came */
	u8 sent;    /* client: something was sent */
	u8 answers; /* server: something was sent */
	u8 pushes;  /* server: something was sent that was another one's */
	u8 pad[7];
	u64 sent_in_turn; /* client: the turn of the thread that sent first, see turn_of */
	u64 sent_in_hop;  /* client: and what it had received last */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_context);
} contexts __weak SEC(".maps");

/*
 * Contexts that storage did not take. Before 7.0 (commit 4a98c2efa613) it takes nothing new on a CPU as long as a task
 * that was interrupted there in the middle of using it has not gone on, which since 6.13 (lazy preemption) any task can be, for long.
 * Full: task-storage; such a task has its nearest ancestor's.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct nestor_process); /* of the thread */
	__type(value, struct task_context);
} spare_contexts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_tag);
} sockets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64); /* cgroup id */
	__type(value, struct nestor_container);
} containers __weak SEC(".maps");

/* Host processes that connected into a pod: their chain is the pod's business from then on, to their end. Full: counted, reached-pods. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct nestor_process);
	__type(value, u8);
} reached_pods __weak SEC(".maps");

extern u64 last_hop_id; /* state.bpf.c */
extern u32 agents_stamp;
extern u32 pods_were_reached;
extern u32 spares_begun;
extern const volatile u64 zeros[NESTOR_ZEROS];
extern const volatile u32 host_mnt_ns;
extern const volatile bool node_scope;

/* An odd factor keeps ids unique and spreads neighbours over all digits, so that a few of them tell one id, as people type them. */
#define HOP_ID_SPREAD 0x9e3779b97f4a7c15ULL

static __always_inline u64 next_hop_id(void)
{
	return (__sync_fetch_and_add(&last_hop_id, 1) + 1) * HOP_ID_SPREAD;
}

/* Marks that say: known, and none. */
static __always_inline u64 agents_none(void)
{
	return (u64)agents_stamp << NESTOR_AGENTS_STAMP;
}

/* All of both, where they are of one numbering; else 0, which is not known. */
static __always_inline u64 agents_join(u64 a, u64 b)
{
	u64 same = !((a ^ b) >> NESTOR_AGENTS_STAMP);

	return (a | b) & -same;
}

static __always_inline u8 weakest(u8 a, u8 b)
{
	return a > b ? a : b;
}

/*
 * Ways of several pointers are read by helper, not walked: from 6.2 on the verifier looks for the type of each pointer by name, in all
 * types of the kernel, each time that it comes by. Walked, these few lines took most of the 11 s that a start of nestord took on a slow
 * machine.
 */
static __always_inline u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

static __always_inline void process_key(struct nestor_process *key, struct task_struct *task)
{
	key->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->tgid = task->tgid;
	key->pad = 0;
}

static __always_inline void spare_key(struct nestor_process *key, struct task_struct *task)
{
	key->start_ns = task->start_boottime;
	key->tgid = task->pid;
	key->pad = 0;
}

static __noinline __maybe_unused struct task_context *find_spare(struct task_struct *task)
{
	struct nestor_process key;

	if (!spares_begun)
		return NULL;
	spare_key(&key, task);
	return bpf_map_lookup_elem(&spare_contexts, &key);
}

/* NULL: none. */
static __always_inline struct task_context *find_context(struct task_struct *task)
{
	struct task_context *context = bpf_task_storage_get(&contexts, task, NULL, 0);

	return context ? context : find_spare(task);
}

static __noinline __maybe_unused struct task_context *store_spare(struct task_struct *task, struct task_context *from)
{
	struct nestor_process key;

	spares_begun = 1;
	spare_key(&key, task);
	if (bpf_map_update_elem(&spare_contexts, &key, from ? from : (void *)zeros, BPF_ANY)) {
		count_loss(NESTOR_LOSS_TASK_STORAGE);
		return NULL;
	}
	return bpf_map_lookup_elem(&spare_contexts, &key);
}

/* The task has no context yet. `from` NULL: an empty one. NULL: no room, counted. */
static __always_inline struct task_context *store_context(struct task_struct *task, struct task_context *from)
{
	struct task_context *context = bpf_task_storage_get(&contexts, task, from, BPF_LOCAL_STORAGE_GET_F_CREATE);

	return context ? context : store_spare(task, from);
}

/* NULL: not even an ancestor has one. */
static __always_inline struct task_context *context_of_ancestor(struct task_struct *task)
{
	struct task_struct *ancestor = task->group_leader;
	struct task_context *found = NULL;

	for (int i = 0; i < MAX_ANCESTORS && !found; i++) {
		found = find_context(ancestor);
		ancestor = ancestor->real_parent;
	}
	return found;
}

/*
 * A task that no fork was seen of: one that the kernel made for io_uring inside a process, or one that there was no room for (counted
 * then). The nearest ancestor's context is the truth but for a cause.
 */
static __noinline __maybe_unused struct task_context *context_recover(struct task_struct *task)
{
	struct task_context *found = context_of_ancestor(task), *context;

	if (!found)
		return NULL;
	context = store_context(task, found);
	if (context) {
		context->flags = (context->flags & ~(TASK_PRIVATE | NESTOR_TASK_ENTRY)) | NESTOR_TASK_RECOVERED;
		__builtin_memset(&context->cause, 0, sizeof(context->cause));
		/* Whether the agents that the found one is are above this one, or are this very process, is not known. */
		context->agents_above &= -(u64) !(context->agents_own & NESTOR_AGENTS_BITS);
	}
	return context;
}

/* NULL: unknown, as for tasks that are older than nestord and not seeded yet, and kernel threads. */
static __always_inline struct task_context *context_of(struct task_struct *task)
{
	struct task_context *context = find_context(task);

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

	if (!server->container || tag->side != SOCKET_SERVER || tag->from_container || !tag->peer.tgid)
		return;
	pods_were_reached = 1;
	if (bpf_map_update_elem(&reached_pods, &tag->peer, &yes, BPF_ANY))
		count_loss(NESTOR_LOSS_REACHED_PODS);
}

/* The process ends. One that a late accept names after this stays until nestord begins anew. */
static __always_inline void forget_reached_pod(struct task_struct *task)
{
	struct nestor_process key;

	if (!pods_were_reached)
		return;
	process_key(&key, task);
	bpf_map_delete_elem(&reached_pods, &key);
}

/* The hop that a task is in. */
static __always_inline void own_cause(struct cause *own, const struct task_context *context)
{
	own->hop_id = context->hop_id;
	own->chain_id = context->chain_id;
	own->depth = context->depth;
	own->origin_kind = context->origin_kind;
	own->confidence = context->confidence;
	own->connection = 0;
	own->agents = agents_join(context->agents_own, context->agents_above);
	own->accepted = 0;
	own->pad = 0;
}

/* A new process is not the agent that started it, even while it runs the same program. */
static __always_inline void begin_below_agents(struct task_context *child)
{
	child->agents_above = agents_join(child->agents_own, child->agents_above);
	child->agents_own = agents_none();
}

/* The end of a connection that this hop opened; what others send on it is left under `outbox`. */
static __always_inline void tag_as_client(struct socket_tag *tag, const struct cause *cause, u64 outbox)
{
	tag->side = SOCKET_CLIENT;
	tag->cause = *cause;
	tag->outbox = outbox;
}

/*
 * What a server sends back on this connection while it is at another one's request (a message bus, a broker) is for that one: it is left
 * under `inbox`, the client's own socket. `hop` is the connection's own, whose answers are the client's.
 */
static __always_inline void expect_answers(struct socket_tag *tag, u64 inbox, u64 hop)
{
	tag->inbox = inbox;
	tag->from_hop_id = hop;
}

static __always_inline void tag_as_half_of_pair(struct socket_tag *tag, struct sock *sk, struct sock *other,
						const struct task_context *context)
{
	tag->side = SOCKET_PAIR;
	own_cause(&tag->cause, context);
	tag->from_hop_id = context->hop_id;
	tag->inbox = bpf_get_socket_cookie(sk);
	tag->outbox = bpf_get_socket_cookie(other);
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
	actor->uid = BPF_CORE_READ(task, cred, euid.val);
	actor->gid = BPF_CORE_READ(task, cred, egid.val);
	actor->auid = task->loginuid.val;
	actor->flags = (context->flags & ~(TASK_PRIVATE | TASK_DELEGATE)) | (context->container ? NESTOR_TASK_IN_CONTAINER : 0);
	actor->origin_kind = context->origin_kind;
	actor->confidence = context->confidence;
	__builtin_memset(actor->pad, 0, sizeof(actor->pad));
	BPF_CORE_READ_INTO(&actor->comm, task, comm);
	context->flags |= TASK_RECORDED;
}

#endif
