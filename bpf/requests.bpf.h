/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One server, many clients: for which request does a thread work now? In order of certainty:
 *   1. It accepted a connection, and has no request that waits: the connection's own child.
 *   2. It received requests itself. One that is not answered yet: that one. Several: the one it received since it last waited, if it is
 * one and the thread is known to do one thing after the other; else one of them, ambiguous. An event loop that waited since may be at its
 * own work, too. None, as all were answered: the last one it received, until it waits. A request that it answered just now, and nothing
 * since, is one of them, too.
 *   3. It was woken by threads of its process that had received, and these requests are not answered: one, or
 * several: one of them. All answered: the one it was woken for last; while others of the
 * process wait, one of them, for it may have taken it before the one who was woken for it.
 *   4. Its process was told something by other hops: any of these, or its own work.
 *   5. So was a process that may steer it: see steer.bpf.h.
 *   6. None: it works for its own hop.
 * Exact is only what one hop alone may have told the process, and no thread of several.
 * What is ambiguous by 3 and 4 may be settled afterwards: see settle.bpf.h.
 * In a Go program the goroutine stands for the thread in 1 and 2, and 3 is left out: see fiber.bpf.h.
 * A request is what came over a connection that a client opened; it is answered when anybody sends on that connection, and over when it is
 * closed. Limits: see "How a chain is known" in the docs.
 */
#ifndef NESTOR_REQUESTS_BPF_H
#define NESTOR_REQUESTS_BPF_H

#include "fiber.bpf.h"
#include "hop.bpf.h"

#define REQUESTS_KEPT 16 /* of a thread or process */

#define LOCKS_KEPT 16 /* of a process */

/* How often a thread must do it before it is known to. */
#define IN_ORDER 2

/* A worker that was woken for a request which is answered by now is at it no longer than this. */
#define WORKS_FOR_NS 10000000000ULL

/* So long a request may lie in a queue after a worker was woken for it. */
#define TAKEN_WITHIN_NS 2000000000ULL

#define UNSETTLED_KEPT 16 /* ambiguous hops of a worker, see settle.bpf.h; a power of two */

struct request {
	struct cause cause;
	u64 turn; /* of the thread that received it, see turn_of; in `unclaimed` and `handed` the time */
};

/* A few requests in no order; a full list loses its oldest, which `candidates` counts. */
struct request_list {
	struct request list[REQUESTS_KEPT];
	u32 next;    /* where the next one goes */
	u32 several; /* not 0: there were two at once. Never taken back; until then it is no use to look for more than one */
};

/* Of a thread that received, or whose waker had; a thread group leader keeps those of the whole process, too. */
struct serving {
	struct request_list received;
	struct request_list woken_for;
	struct cause woken_by; /* the request of the last waker that had one */
	u64 woken_ns;
	u64 did;               /* a worker: the request that it answered last */
	struct cause answered; /* by this thread, and it received nothing since */
	u64 answered_turn;
	u64 came_turn;  /* in which it received last */
	u32 came_count; /* and how many requests then */
	u32 child_mixed;
	u64 child_hop;     /* process: that of the child which ended last, `child_mixed`: and of another one just before */
	u64 child_turn;    /* of the process's first thread, in which */
	u8 interleaves;    /* it answered one request while it was at another: it goes back and forth */
	u8 in_order;       /* how often it answered what it had received last, while another request waited */
	u8 gave;           /* what it received last was given to another thread */
	u8 hands_over;     /* process: some thread gives requests to others */
	u8 migrates;       /* process: a thread that was at one request answered another that a second thread had received */
	u8 next_lock;      /* process: where the next one goes */
	u8 takes_requests; /* it received requests from clients itself */
	u8 has_fibers;     /* process: goroutines serve in it, and threads say nothing */
	u32 unsettled_count;
	u8 worked;        /* for what it received last it did something itself */
	u8 loop;          /* enum event_loop, as far as it was looked for */
	u8 answers_first; /* process: it did something when what it had received last was answered */
	u8 pad;
	u64 unsettled[UNSETTLED_KEPT]; /* ambiguous hops that it opened since it answered a request last; see settle.bpf.h */
	/* Process: */
	struct request_list process;
	/*
	 * Two workers that are woken one after the other for two requests may take each other's from the queue: who comes first gets the
	 * first. So these are the requests that a worker was woken for, until one is seen at work while no other is here, or answers.
	 */
	struct request_list handed;
	struct request_list told;      /* the last ones of all, answered and closed ones, too: who may have told this process what to do */
	struct request_list unclaimed; /* received by one thread, which then went on to another without waking anybody */
	u64 locks[LOCKS_KEPT];         /* futexes that workers, too, wake others at: they hand on a lock there and no request */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct serving);
} servings __weak SEC(".maps");

/* Those that storage did not take: see spare_contexts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 512);
	__type(key, struct nestor_process); /* of the thread */
	__type(value, struct serving);
} spare_servings __weak SEC(".maps");

_Static_assert(sizeof(struct serving) <= sizeof(zeros), "zeros is the beginning of one");

static __always_inline bool is_open(const struct cause *cause)
{
	u64 connection = cause->connection;
	u8 *state;

	if (!connection)
		return false;
	state = bpf_map_lookup_elem(&request_states, &connection);
	return state && *state == REQUEST_WAITS;
}

/* Another worker had this request than the one whose `serving` it is. */
static __always_inline bool another_did(const struct serving *serving, const struct cause *cause)
{
	u64 connection = cause->connection;
	u8 *state;

	if (serving->did == cause->hop_id || !connection)
		return false;
	state = bpf_map_lookup_elem(&request_states, &connection);
	return state && *state == REQUEST_DONE;
}

/*
 * A thread that serves many waits for all of them at once (epoll, poll, select) and then does what came. Between two waits is a turn: what
 * it received in this one is what it works for now. A wait that finds something at once does not sleep, so a turn may be long, never short.
 * Who starts a program by vfork or posix_spawn sleeps until that has begun, which ends no turn: on_fork counts these.
 */
static __always_inline u64 turn_of(struct task_struct *task, const struct task_context *context)
{
	return task->nvcsw - context->spawn_sleeps;
}

/* There may be more candidates than a hop can list; it says how many. */
static __always_inline u32 add_candidate(struct nestor_hop_body *body, u32 count, u64 id)
{
	if (count < NESTOR_CANDIDATES)
		body->candidates[count & (NESTOR_CANDIDATES - 1)] = id;
	return count + 1;
}

/*
 * In requests.bpf.c: functions that the verifier looks at once, not once a caller. Their loops over lists, one after the other in one
 * program, would be more states than it takes. Each pointer may be NULL, for it cannot know: then nothing happens.
 */

/* A request of a thread or process; known already, it gets this turn. A full list loses one, counted as `candidates`. */
extern int remember_request(struct request_list *requests, struct cause *cause, u64 turn);
/* How many are not answered; the last one found goes to `only`. */
extern u32 count_open(struct request_list *requests, struct cause *only);
/* The same of one turn only. */
extern u32 count_of_turn(struct request_list *requests, u64 turn, struct cause *only);
/* How many open ones came over other connections than this. */
extern u32 count_elsewhere(struct request_list *requests, u64 connection);
/* Lists the open ones in an ambiguous hop; returns how many there are. */
extern u32 add_candidates(struct nestor_hop_body *body, struct request_list *requests);
/* The same for those of a later time. */
extern u32 count_later(struct request_list *requests, u64 time);
/* Lists those of a later time that are not open, behind the first `count`; returns how many there are then. */
extern u32 add_later(struct nestor_hop_body *body, u32 count, struct request_list *requests, u64 time);
/* Puts one last; a full list loses its oldest. And takes one out. */
extern int queue_request(struct request_list *requests, struct cause *cause, u64 time);
extern int forget_request(struct request_list *requests, struct cause *cause);
/* A request that came to the process, to those of `told`. */
extern int note_told(struct request_list *told, struct cause *cause);
/* How many of `told` are not `except` and open, or came after `since`. */
extern u32 count_told(struct request_list *told, u64 since, u64 except);
/* Lists all these but the hop `own` in an ambiguous hop, open ones first, and behind them `own`. */
extern int add_told(struct nestor_hop_body *body, struct request_list *told, u64 since, u64 own);
/* Takes out all that came over one connection. */
extern int forget_connection(struct request_list *requests, u64 connection);
/* One that is among them came again, in this turn. */
extern int note_turn(struct request_list *requests, u64 hop, u64 turn);
/* Whether it is among them, open or not. */
extern u32 has_request(struct request_list *requests, struct cause *cause);
/* A worker that was woken for this request is at work. False: it may have taken another one of `handed`. */
extern u32 begins(struct request_list *handed, struct cause *cause);

static __noinline __maybe_unused struct serving *find_spare_serving(struct task_struct *task)
{
	struct nestor_process key;

	if (!spares_begun)
		return NULL;
	spare_key(&key, task);
	return bpf_map_lookup_elem(&spare_servings, &key);
}

/* NULL: none. */
static __always_inline struct serving *find_serving(struct task_struct *task)
{
	struct serving *serving = bpf_task_storage_get(&servings, task, NULL, 0);

	return serving ? serving : find_spare_serving(task);
}

static __noinline __maybe_unused struct serving *store_spare_serving(struct task_struct *task)
{
	struct serving *serving = find_spare_serving(task);
	struct nestor_process key;

	if (serving)
		return serving;
	spares_begun = 1;
	spare_key(&key, task);
	if (bpf_map_update_elem(&spare_servings, &key, (const void *)zeros, BPF_ANY)) {
		count_loss(NESTOR_LOSS_TASK_STORAGE);
		return NULL;
	}
	return bpf_map_lookup_elem(&spare_servings, &key);
}

static __always_inline struct serving *serving_of(struct task_struct *task)
{
	struct serving *serving = find_serving(task);

	if (!serving)
		serving = bpf_task_storage_get(&servings, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return serving ? serving : store_spare_serving(task);
}

static __always_inline void forget_spare_serving(struct task_struct *task)
{
	struct nestor_process key;

	if (!spares_begun)
		return;
	spare_key(&key, task);
	bpf_map_delete_elem(&spare_servings, &key);
}

/* The thread is another program from now on. */
static __always_inline void forget_serving(struct task_struct *task)
{
	bpf_task_storage_delete(&servings, task);
	forget_spare_serving(task);
}

static __always_inline struct serving *serving_of_process(struct task_struct *task)
{
	return serving_of(task->group_leader);
}

static __always_inline bool set_request_state(struct socket_tag *tag, u8 state)
{
	u64 connection = tag->cause.connection;
	u8 *known = tag->request ? bpf_map_lookup_elem(&request_states, &connection) : NULL;

	tag->request = state;
	if (known) { /* a third of an update's cost, and most connections bring more than one request */
		*known = state;
		return true;
	}
	if (!bpf_map_update_elem(&request_states, &connection, &state, BPF_ANY))
		return true;
	count_loss(NESTOR_LOSS_CANDIDATES);
	return false;
}

/* The thread goes on to another request. Had it given the one before to nobody, any worker may take that from a queue, without being woken.
 */
static __always_inline void leave_unclaimed(struct serving *serving, struct serving *of_process, struct cause *before, struct cause *next)
{
	if (before->hop_id && before->hop_id != next->hop_id && !serving->gave && of_process->hands_over && is_open(before))
		queue_request(&of_process->unclaimed, before, bpf_ktime_get_boot_ns());
	serving->gave = 0;
	serving->worked = 0;
}

/* The thread answers what it received last, and neither did anything for it nor woke anybody: it may lie in a queue. */
static __always_inline void answers_unclaimed(struct task_struct *task, struct serving *serving, struct cause *answered)
{
	struct serving *of_process;

	if (serving->gave || serving->worked)
		return;
	of_process = find_serving(task->group_leader);
	if (!of_process || !of_process->hands_over)
		return;
	serving->worked = 1;
	queue_request(&of_process->unclaimed, answered, bpf_ktime_get_boot_ns());
}

/*
 * Several hops send on one connection: what came over it before is over when it was answered, or when nothing is ever answered there, for
 * then one thing follows the other.
 */
static __always_inline bool ends_those_before(const struct socket_tag *tag)
{
	return tag->shared && (tag->request != REQUEST_WAITS || !tag->answers);
}

/*
 * One request after the other over one connection, to the only thread of a process: a server that forks for each connection, or has a
 * process waiting. Its lists have that request already, and all that changes with the next one, and with its answer, is whether it waits.
 */
static __always_inline bool goes_on_alone(const struct task_context *context, const struct socket_tag *tag)
{
	return context->alone && !context->alone_over && context->alone == tag->cause.connection &&
	       context->cause.hop_id == context->alone && !context->cause.accepted && tag->side == SOCKET_SERVER && !tag->shared &&
	       !tag->passed.hop_id && tag->from_hop_id != context->hop_id && context->alone != context->hop_id;
}

/* Nobody but this thread asks whether its request waits: the table learns that before it does. */
static __always_inline void alone_has(struct task_context *context, struct socket_tag *tag, u8 state)
{
	tag->request = state;
	context->alone_waits = state == REQUEST_WAITS;
	context->alone_untold = 1;
}

/* Before this thread, a child or another thread asks. */
static __always_inline void tell_alone(struct task_context *context)
{
	u64 connection = context->alone;
	u8 *known;

	if (!context->alone_untold)
		return;
	context->alone_untold = 0;
	known = bpf_map_lookup_elem(&request_states, &connection);
	if (known)
		*known = context->alone_waits ? REQUEST_WAITS : REQUEST_ANSWERED;
}

/* Until a second connection, or thread, comes. */
static __always_inline void note_alone(struct task_struct *task, struct task_context *context, const struct serving *serving,
				       const struct cause *cause)
{
	bool only = !serving->received.several && !serving->process.several && cause->hop_id == cause->connection;

	if (!only || BPF_CORE_READ(task, signal, nr_threads) != 1)
		return;
	context->alone = cause->connection;
	context->alone_turn = turn_of(task, context);
}

/* The list of a thread that goes on to another request: it learns in which turn the one before came last. */
static __always_inline void leave_alone(struct task_context *context, struct request_list *received)
{
	if (!context->alone)
		return;
	tell_alone(context);
	note_turn(received, context->alone, context->alone_turn);
	context->alone = 0;
	context->alone_over = 0;
}

/* A connection from the server's own hop, or the one that its hop was opened for. */
static __always_inline bool is_of_own(const struct task_context *context, const struct socket_tag *tag)
{
	return tag->from_hop_id == context->hop_id || tag->cause.hop_id == context->hop_id;
}

static __always_inline void note_came(struct serving *serving, u64 turn, bool another)
{
	if (serving->came_turn != turn)
		serving->came_count = 0;
	serving->came_turn = turn;
	serving->came_count += another || !serving->came_count;
}

/* What the thread received last. */
static __always_inline bool came_in_this_turn(struct task_struct *task, const struct task_context *context)
{
	return context->cause.hop_id && (context->alone ? context->alone_turn : context->cause_turn) == turn_of(task, context);
}

/* Nothing else came in this turn, so what the thread does in it is for that. */
static __always_inline bool came_alone_in_this_turn(struct task_struct *task, const struct task_context *context,
						    const struct serving *serving)
{
	return came_in_this_turn(task, context) && (!serving || serving->came_count <= 1);
}

/* A request came to this thread. `tag` is that of its connection, `before` what the thread was at. */
static __noinline __maybe_unused void request_came(struct task_struct *task, struct task_context *context, struct socket_tag *tag,
						   struct cause *cause, struct cause *before)
{
	struct serving *serving, *of_process;
	bool ends;

	if (!tag || !context || !cause || !before)
		return;
	ends = ends_those_before(tag);
	tell_alone(context);
	if (!set_request_state(tag, REQUEST_WAITS))
		return;
	of_process = serving_of_process(task);
	serving = task->pid == task->tgid ? of_process : serving_of(task);
	if (!of_process || !serving)
		return;
	if (ends) {
		forget_connection(&of_process->process, cause->connection);
		forget_connection(&serving->received, cause->connection);
	}
	context->flags |= TASK_RECEIVES;
	serving->takes_requests = 1;
	leave_unclaimed(serving, of_process, before, cause);
	serving->answered.hop_id = 0;
	note_came(serving, turn_of(task, context), before->hop_id != cause->hop_id);
	leave_alone(context, &serving->received);
	remember_request(&of_process->process, cause, 0);
	note_told(&of_process->told, cause);
	remember_request(&serving->received, cause, turn_of(task, context));
	if (serving == of_process)
		note_alone(task, context, serving, cause);
}

/* The same for a goroutine. */
static __noinline __maybe_unused void request_came_to_fiber(struct task_struct *task, struct fiber_key *fiber, struct socket_tag *tag,
							    struct cause *cause)
{
	struct serving *of_process;
	bool ends;

	if (!fiber || !tag || !cause)
		return;
	ends = ends_those_before(tag);
	if (!set_request_state(tag, REQUEST_WAITS))
		return;
	fiber_serves(fiber, cause);
	of_process = serving_of_process(task);
	if (!of_process)
		return;
	of_process->has_fibers = 1;
	if (ends)
		forget_connection(&of_process->process, cause->connection);
	remember_request(&of_process->process, cause, 0);
	note_told(&of_process->told, cause);
}

/* Another thread or process of the same program read a request and told this one: it is open as long as its connection says. */
static __noinline __maybe_unused void request_handed(struct task_struct *task, struct task_context *context, struct cause *cause)
{
	struct serving *serving;

	if (!context || !cause || !is_open(cause))
		return;
	serving = serving_of(task);
	if (!serving)
		return;
	context->flags |= TASK_RECEIVES;
	leave_alone(context, &serving->received);
	remember_request(&serving->received, cause, turn_of(task, context));
}

#define SYS_FUTEX 202 /* x86-64 */

/*
 * Where the current thread wakes another one; 0: by other means than a futex. By 8 bytes: a condition of glibc has two futexes, one beside
 * the other (__g_signals of struct __pthread_cond_s), which take turns.
 */
static __always_inline u64 futex_of(struct task_struct *task)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);

	return registers->orig_ax == SYS_FUTEX ? registers->di & ~7ULL : 0;
}

/*
 * The woken thread waits at a futex for a limited time: at an interpreter's lock, which it goes back for again and again, and which says
 * nothing of what it is at. A queue's is waited at without a limit.
 */
static __always_inline bool waits_for_a_time(struct task_struct *woken)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(woken);

	return registers->orig_ax == SYS_FUTEX && registers->r10;
}

static __always_inline bool is_lock(const struct serving *of_process, u64 futex)
{
	u64 all_differ = 1, difference;

	/* Without a branch for each, which the verifier would follow both ways, one after the other. */
	for (int i = 0; i < LOCKS_KEPT; i++) {
		difference = of_process->locks[i] ^ futex;
		barrier_var(difference);
		all_differ &= (difference | -difference) >> 63;
	}
	return !all_differ && futex;
}

static __always_inline void note_lock(struct serving *of_process, u64 futex)
{
	if (!futex || is_lock(of_process, futex))
		return;
	of_process->locks[of_process->next_lock & (LOCKS_KEPT - 1)] = futex;
	of_process->next_lock++;
}

/* A thread that is at an open request lets another one of its process begin: the request may be that one's from now on. */
static __noinline __maybe_unused void hand_over(struct task_struct *task, struct task_struct *to, struct cause *cause)
{
	struct serving *serving, *of_process, *of_other;

	if (!cause)
		return;
	of_process = serving_of_process(task);
	if (of_process && is_lock(of_process, futex_of(task)))
		return;
	if (waits_for_a_time(to))
		return;
	of_other = serving_of(to);
	if (of_other) {
		cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
		cause->accepted = 0;
		remember_request(&of_other->woken_for, cause, 0);
		of_other->woken_by = *cause;
		of_other->woken_ns = bpf_ktime_get_boot_ns();
	}
	if (!of_process)
		return;
	of_process->hands_over = 1;
	forget_request(&of_process->unclaimed, cause);
	serving = task->pid == task->tgid ? of_process : serving_of(task);
	if (!serving || serving->gave)
		return;
	serving->gave = 1;
	queue_request(&of_process->handed, cause, bpf_ktime_get_boot_ns());
}

/* Whether what a connection was made for is still under way: a request that waits, or one of several. */
static __always_inline bool is_under_way(const struct cause *cause)
{
	struct nestor_hop_body *body;
	u64 id = cause->hop_id;
	u8 *state;

	if (is_open(cause) || cause->confidence != NESTOR_AMBIGUOUS)
		return is_open(cause);
	body = bpf_map_lookup_elem(&pending_hops, &id);
	if (!body)
		return false;
	for (int i = 0; i < NESTOR_CANDIDATES; i++) {
		u64 candidate = body->candidates[i];

		state = candidate ? bpf_map_lookup_elem(&request_states, &candidate) : NULL;
		if (state && *state == REQUEST_WAITS)
			return true;
	}
	return false;
}

/* A thread answers the request that it received last. */
static __always_inline void answers_in_order(struct serving *serving)
{
	struct cause any = {};

	if (serving->in_order < IN_ORDER && serving->received.several && count_open(&serving->received, &any) > 1)
		serving->in_order++;
}

/* A thread that is at one request answers another one. */
static __always_inline void goes_elsewhere(struct task_struct *task, struct serving *serving, struct cause *answered)
{
	struct serving *of_process;

	serving->interleaves = 1;
	if (has_request(&serving->received, answered))
		return;
	of_process = serving_of_process(task);
	if (of_process)
		of_process->migrates = 1;
}

/* The ambiguous hops of a worker that now answers this connection's request; in settle.bpf.c. */
extern int settle_by_answer(struct serving *serving, struct socket_tag *tag);

static __always_inline void worker_answers(struct task_struct *task, struct serving *serving, struct socket_tag *tag)
{
	struct serving *of_process = find_serving(task->group_leader);

	serving->did = tag->cause.hop_id;
	if (of_process)
		forget_request(&of_process->handed, &tag->cause);
	if (serving->unsettled_count)
		settle_by_answer(serving, tag);
}

/* `task` sends on the connection. */
static __noinline __maybe_unused void request_answered(struct task_struct *task, struct task_context *context, struct socket_tag *tag)
{
	struct serving *serving;

	if (!tag)
		return;
	serving = context ? find_serving(task) : NULL;
	if (serving && (context->flags & TASK_RECEIVES)) {
		serving->answered = tag->cause;
		serving->answered_turn = turn_of(task, context);
		if (context->cause.connection == tag->cause.connection) {
			answers_unclaimed(task, serving, &tag->cause);
			answers_in_order(serving);
		} else if (is_open(&context->cause))
			goes_elsewhere(task, serving, &tag->cause);
	}
	if (serving && !serving->takes_requests) {
		worker_answers(task, serving, tag);
		set_request_state(tag, REQUEST_DONE);
	} else {
		set_request_state(tag, REQUEST_ANSWERED);
	}
}

/* The connection ends. */
static __always_inline void request_over(struct socket_tag *tag)
{
	u64 connection = tag->cause.connection;

	tag->request = 0;
	bpf_map_delete_elem(&request_states, &connection);
}

/*
 * Which hop what the current thread does now belongs to; in resolve.bpf.c. False: its own; `cause` is then that of its own hop.
 * Cost: for threads that serve nobody and whose process does not, two look-ups that find nothing.
 */
extern int resolve_cause(struct task_context *context, struct cause *cause);

#endif
