/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a hop comes to be. It is opened (it has an id and a body in `pending_hops`) when a boundary is crossed, and announced (a record, and
 * an entry in `hop_table`) when the first process is in it or below it. Most connections start no process: they cost no record.
 */
#ifndef NESTOR_HOP_BPF_H
#define NESTOR_HOP_BPF_H

#include "context.bpf.h"

#define MAX_UNANNOUNCED 8 /* hops in a row above a new one that are announced with it; a power of two */

/* Opened hops. An LRU: a hop whose body was dropped is known by its id only, which cause-table counts. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64); /* hop id */
	__type(value, struct nestor_hop_body);
} pending_hops __weak SEC(".maps");

/*
 * Hops whose connection is closed, or that are entered at once or never. Their bodies stay for as many others, for what a server does after
 * it closed, and are then taken out: a full LRU now and then drops what was put in just before.
 */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__uint(value_size, sizeof(u64)); /* hop id */
} closed_hops __weak SEC(".maps");

/* Announced hops, as they were announced last. nestord removes what it forgets; full: hop-table counts, the hop is known by its id only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64); /* hop id */
	__type(value, struct nestor_hop);
} hop_table __weak SEC(".maps");

extern const volatile struct nestor_hop empty_hop; /* state.bpf.c */
extern u32 unknown_zero;

/* NULL: no memory, counted. The id is in body->id. */
static __always_inline struct nestor_hop_body *open_hop(void)
{
	u64 id = next_hop_id();
	struct nestor_hop_body *body;

	if (bpf_map_update_elem(&pending_hops, &id, (const void *)&empty_hop.body, BPF_ANY)) {
		count_loss(NESTOR_LOSS_CONNECTION_TABLE);
		return NULL;
	}
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (body)
		body->id = id;
	else
		count_loss(NESTOR_LOSS_CAUSE_TABLE);
	return body;
}

/* NULL: it was dropped, or forgotten. */
static __always_inline struct nestor_hop_body *body_of(u64 id)
{
	struct nestor_hop *told = bpf_map_lookup_elem(&hop_table, &id);

	return told ? &told->body : bpf_map_lookup_elem(&pending_hops, &id);
}

/* Nothing new will refer to this hop. */
static __always_inline void close_hop(u64 id)
{
	u64 oldest;

	if (!id || !bpf_map_push_elem(&closed_hops, &id, 0))
		return;
	if (!bpf_map_pop_elem(&closed_hops, &oldest))
		bpf_map_delete_elem(&pending_hops, &oldest);
	bpf_map_push_elem(&closed_hops, &id, 0);
}

/* The hop comes after another one. */
static __always_inline void hop_below(struct nestor_hop_body *body, const struct cause *parent)
{
	body->parent_id = parent->hop_id;
	body->chain_id = parent->chain_id;
	body->depth = parent->depth + 1;
	body->origin_kind = parent->origin_kind;
	body->confidence = parent->confidence;
	body->agents = parent->agents;
}

/* The hop begins a chain. */
static __always_inline void hop_is_origin(struct nestor_hop_body *body, u8 kind)
{
	body->chain_id = body->id;
	body->origin_kind = kind;
	body->confidence = NESTOR_EXACT;
}

static __always_inline void hop_from(struct nestor_hop_body *body, struct task_struct *task, const struct task_context *context)
{
	process_key(&body->from, task);
	BPF_CORE_READ_INTO(&body->from_comm, task, comm);
	if (context)
		body->from_container_cgroup_id = context->container;
}

static __always_inline void hop_server(struct nestor_hop_body *body, struct task_struct *task, const struct task_context *context)
{
	process_key(&body->server, task);
	BPF_CORE_READ_INTO(&body->server_comm, task, comm);
	body->to_container_cgroup_id = context->container;
}

/* What a task or socket that serves this hop carries. */
static __always_inline void cause_of_hop(struct cause *cause, const struct nestor_hop_body *body)
{
	cause->hop_id = body->id;
	cause->chain_id = body->chain_id;
	cause->connection = 0;
	cause->agents = agents_none();
	cause->depth = body->depth;
	cause->origin_kind = body->origin_kind;
	cause->confidence = body->confidence;
	cause->accepted = 0;
	cause->pad = 0;
}

/*
 * Tells nestord of a hop; the first one to put it into the table does. False: it is known already, or cannot be (counted).
 * Not inlined: it is large, and called from many programs.
 */
static __noinline __maybe_unused bool announce(struct task_struct *task, struct task_context *context, struct nestor_hop_body *body,
					       bool entered)
{
	struct nestor_hop *record;
	u64 id;
	long error;

	if (!body || !context)
		return false;
	id = body->id;
	error = bpf_map_update_elem(&hop_table, &id, (const void *)&empty_hop, BPF_NOEXIST);
	if (error) {
		if (error != -EEXIST)
			count_loss(NESTOR_LOSS_HOP_TABLE);
		return false;
	}
	record = bpf_map_lookup_elem(&hop_table, &id);
	if (!record)
		return false; /* nestord forgot it in this moment */
	if (entered)
		context->flags |= NESTOR_TASK_ENTRY;
	record->hdr.time_ns = bpf_ktime_get_boot_ns();
	record->hdr.size = sizeof(*record);
	record->hdr.kind = NESTOR_HOP;
	record->hdr.cpu = bpf_get_smp_processor_id();
	record->entered = entered;
	fill_actor(&record->actor, task, context);
	record->body = *body; /* the id with it: from here on the entry counts */
	if (bpf_ringbuf_output(&control, record, sizeof(*record), wakeup_flag()))
		count_loss(NESTOR_LOSS_RING_CONTROL);
	return true;
}

static __always_inline bool is_announced(u64 id)
{
	return bpf_map_lookup_elem(&hop_table, &id);
}

/* A way up from a hop, whose hops are to be told. */
struct way_up {
	struct task_struct *task;
	struct task_context *context;
	u64 id;
	u64 waiting[MAX_UNANNOUNCED];
	u32 count;
	u32 slot;
};

static long note_unannounced(u32 index, void *argument)
{
	struct way_up *way = argument;
	struct nestor_hop_body *body;
	u64 id = way->id;

	if (!id || is_announced(id))
		return 1;
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (!body) {
		count_loss(NESTOR_LOSS_CAUSE_TABLE);
		return 1;
	}
	way->waiting[index & (MAX_UNANNOUNCED - 1)] = id;
	way->count = index + 1;
	way->id = body->parent_id;
	return 0;
}

static long announce_noted(u32 index, void *argument)
{
	struct way_up *way = argument;
	struct nestor_hop_body *body;
	u32 at = way->count - 1 - index;
	u64 id;

	if (at >= way->count)
		return 1;
	id = way->waiting[at & (MAX_UNANNOUNCED - 1)];
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (body)
		announce(way->task, way->context, body, false);
	return 0;
}

/* Hops above a new one that nobody entered: a relay's, whose process only passes on. Parents first. */
static __noinline __maybe_unused void announce_above(struct task_struct *task, struct task_context *context, u64 id)
{
	struct way_up way = {.task = task, .context = context, .id = id, .count = unknown_zero};

	if (!context)
		return;
	bpf_loop(MAX_UNANNOUNCED, note_unannounced, &way, 0);
	bpf_loop(MAX_UNANNOUNCED, announce_noted, &way, 0);
}

/* One candidate of an ambiguous hop; after its last one on to the hop above, if that is ambiguous, too. */
static long announce_candidate(u32 index, void *argument)
{
	struct way_up *way = argument;
	struct nestor_hop_body *body;
	u64 id = way->id, candidate = 0;

	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (!body || body->confidence != NESTOR_AMBIGUOUS)
		return 1;
	if (body->candidate_count && !body->candidates_told && way->slot < NESTOR_CANDIDATES)
		candidate = body->candidates[way->slot++ & (NESTOR_CANDIDATES - 1)];
	if (candidate) {
		announce_above(way->task, way->context, candidate);
		return 0;
	}
	body->candidates_told = 1;
	way->slot = 0;
	way->id = body->parent_id;
	return 0;
}

/* An ambiguous hop names its candidates: they are told, too, those of ambiguous hops above it included. */
static __noinline __maybe_unused void announce_candidates(struct task_struct *task, struct task_context *context, u64 id)
{
	struct way_up way = {.task = task, .context = context, .id = id, .slot = unknown_zero};

	if (context)
		bpf_loop(MAX_UNANNOUNCED * NESTOR_CANDIDATES, announce_candidate, &way, 0);
}

static __always_inline void take_place(struct task_context *context, const struct cause *cause)
{
	context->hop_id = cause->hop_id;
	context->chain_id = cause->chain_id;
	context->depth = cause->depth;
	context->origin_kind = cause->origin_kind;
	context->confidence = weakest(cause->confidence, NESTOR_EXACT);
	context->agents_above = cause->agents;
	__builtin_memset(&context->cause, 0, sizeof(context->cause));
}

/* The task enters the hop of a cause. The first one in announces it. */
static __always_inline void enter_hop(struct task_struct *task, struct task_context *context, const struct cause *cause)
{
	struct nestor_hop_body *body;
	u64 id = cause->hop_id;

	if (!id) /* nobody's: where the task is, is what is known */
		return;
	take_place(context, cause);
	if (is_announced(id))
		return;
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (!body) {
		count_loss(NESTOR_LOSS_CAUSE_TABLE);
		return;
	}
	announce_above(task, context, body->parent_id);
	if (cause->confidence == NESTOR_AMBIGUOUS)
		announce_candidates(task, context, id);
	body->confidence = context->confidence;
	announce(task, context, body, true);
}

/* A crossing of the task itself: it goes on in a new hop below the one it was in. An agent that crosses is not below itself. */
static __always_inline void move_into(struct task_struct *task, struct task_context *context, struct nestor_hop_body *body)
{
	struct cause cause;

	cause_of_hop(&cause, body);
	cause.agents = body->agents = context->agents_above;
	enter_hop(task, context, &cause);
}

/*
 * Puts a task at the start of a new chain, which begins in `container` (0: on the host), and tells of it. `from` is who brought it here.
 * Only who comes from the host may: nothing that is done inside a container ends the chain that it is in. NULL: no.
 */
static __always_inline struct nestor_hop_body *start_chain(struct task_struct *task, struct task_context *context, u64 container, u8 kind,
							   struct task_struct *from)
{
	struct nestor_hop_body *body = context->container ? NULL : open_hop();
	struct cause cause;

	if (!body)
		return NULL;
	hop_is_origin(body, kind);
	body->kind = kind;
	body->to_container_cgroup_id = container;
	if (from)
		hop_from(body, from, find_context(from));
	cause_of_hop(&cause, body);
	take_place(context, &cause);
	context->agents_own = agents_none();
	return body;
}

#endif
