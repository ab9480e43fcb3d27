/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection that more than one hop sends on: an ssh client with ControlMaster, a relay that keeps its connection to the server, a
 * dispatcher that hands requests to its workers over a socketpair. The last sender's hop goes with the bytes: the sender leaves it here,
 * the receiver takes it. Several senders whose bytes wait: which one's were read is not known, ambiguous, until none wait any more. Who
 * came first here may be second in the queue, for this is before the send.
 */
#ifndef NESTOR_SENDERS_BPF_H
#define NESTOR_SENDERS_BPF_H

#include "address.bpf.h"
#include "requests.bpf.h"

/* A send that is seen and brings nothing, for it fails, is waited for no longer. */
#define ARRIVES_WITHIN_NS 2000000000ULL

struct sender {
	struct cause last;
	struct cause before; /* another one whose bytes may wait; hop 0: none */
	u64 earlier;         /* the hop of one before that; 0: none */
	u64 sent_ns;         /* the last one */
	struct nestor_process process;
	u64 container;
	char comm[NESTOR_COMM_BYTES];
	u32 unread; /* of messages: how many; of a stream: some */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64); /* a TCP connection's key, or the cookie of the unix socket that receives */
	__type(value, struct sender);
} senders __weak SEC(".maps");

extern u32 shared_connections; /* state.bpf.c */

_Static_assert(sizeof(struct sender) <= sizeof(zeros), "zeros is the beginning of one");

static __always_inline void all_is_read(struct sender *sender)
{
	sender->unread = 0;
	sender->before.hop_id = 0;
	sender->earlier = 0;
}

/* A receive is over. What is left in the queue may be that of any who sent; a message may be on its way into it, too. */
static __always_inline void note_read(struct sender *sender, struct sock *sk)
{
	bool rest = sk->sk_receive_queue.qlen;

	if (sk->sk_type != SOCK_STREAM)
		rest = sender->unread && --sender->unread;
	if (!rest)
		all_is_read(sender);
}

static __always_inline void leave_sender(u64 key, struct task_struct *task, struct task_context *context, const struct cause *cause)
{
	struct sender *sender = bpf_map_lookup_elem(&senders, &key);
	u64 now;

	if (!sender) {
		if (bpf_map_update_elem(&senders, &key, (const void *)zeros, BPF_NOEXIST)) /* no room on the stack of 6.1 */
			count_loss(NESTOR_LOSS_CAUSE_TABLE);
		sender = bpf_map_lookup_elem(&senders, &key);
		if (!sender)
			return;
	}
	now = bpf_ktime_get_boot_ns();
	if (now - sender->sent_ns > ARRIVES_WITHIN_NS)
		all_is_read(sender);
	sender->sent_ns = now;
	if (sender->unread && sender->last.hop_id != cause->hop_id) {
		if (sender->before.hop_id != cause->hop_id)
			sender->earlier = sender->before.hop_id;
		sender->before = sender->last;
	}
	sender->unread++;
	sender->last = *cause;
	process_key(&sender->process, task);
	sender->container = context->container;
	BPF_CORE_READ_INTO(&sender->comm, task, comm);
	shared_connections = 1;
}

/* The hop that a sender's bytes open, like `like`, the hop of the connection. NULL: no memory. */
static __always_inline struct nestor_hop_body *open_hop_of_sender(const struct sender *sender, u64 like)
{
	struct nestor_hop_body *of_connection = bpf_map_lookup_elem(&pending_hops, &like);
	struct nestor_hop_body *body = open_hop();
	u64 id;

	if (!body)
		return NULL;
	if (of_connection && of_connection->socket_cookie) {
		id = body->id;
		*body = *of_connection;
		body->id = id;
	} else {
		body->kind = NESTOR_HOP_UNIX_SOCKET;
	}
	hop_below(body, &sender->last);
	body->confidence = weakest(sender->last.confidence, NESTOR_INFERRED);
	body->from = sender->process;
	body->from_container_cgroup_id = sender->container;
	__builtin_memcpy(body->from_comm, sender->comm, sizeof(body->from_comm));
	body->detail |= NESTOR_CONNECTION_SHARED;
	return body;
}

/* One of those that sent. */
static __always_inline bool ambiguous_sender(struct task_struct *task, struct task_context *context, const struct sender *sender, u64 like,
					     struct cause *cause)
{
	struct nestor_hop_body *of_connection = bpf_map_lookup_elem(&pending_hops, &like);
	struct nestor_hop_body *body = open_hop();
	struct cause own;

	if (!body)
		return false;
	own_cause(&own, context);
	hop_below(body, &own);
	body->confidence = NESTOR_AMBIGUOUS;
	body->candidates[0] = sender->before.hop_id;
	body->candidates[1] = sender->last.hop_id;
	body->candidates[2] = sender->earlier;
	body->candidate_count = 2 + !!sender->earlier;
	body->kind = of_connection && of_connection->socket_cookie ? of_connection->kind : NESTOR_HOP_UNIX_SOCKET;
	body->detail |= NESTOR_CONNECTION_SHARED;
	hop_from(body, task, context);
	hop_server(body, task, context);
	cause_of_hop(cause, body);
	cause->connection = like;
	return true;
}

/*
 * For whom the bytes are that are received now on a connection which others than its client send on. False: for the client, as the tag
 * says. The sender's own hop means that no boundary was crossed: true, with no cause.
 */
static __noinline __maybe_unused bool cause_of_sender(struct task_struct *task, struct task_context *context, struct socket_tag *tag,
						      struct sock *sk, struct cause *cause)
{
	struct nestor_hop_body *body;
	struct nestor_process self;
	struct sender *sender;
	u64 key;

	if (!context || !tag || !cause)
		return false;
	key = tag->inbox;
	sender = bpf_map_lookup_elem(&senders, &key);
	if (!sender)
		return false;
	process_key(&self, task);
	if (sender->process.tgid == self.tgid && sender->process.start_ns == self.start_ns) {
		/* From one thread to another, or a loop that wakes itself: the request goes on, no boundary was crossed. */
		if (sender->before.hop_id)
			request_handed(task, context, &sender->before);
		all_is_read(sender);
		if (sender->last.hop_id == tag->from_hop_id)
			return false;
		*cause = sender->last;
		cause->confidence = weakest(cause->confidence, NESTOR_INFERRED);
		cause->accepted = 0;
		return true;
	}
	tag->shared = 1;
	if (sender->before.hop_id) {
		bool told = ambiguous_sender(task, context, sender, tag->cause.hop_id, cause);

		note_read(sender, sk);
		return told;
	}
	note_read(sender, sk);
	if (sender->last.hop_id == tag->from_hop_id)
		return false;
	if (sender->last.hop_id == context->hop_id) {
		__builtin_memset(cause, 0, sizeof(*cause));
		return true;
	}
	if (tag->other_from != sender->last.hop_id) {
		body = open_hop_of_sender(sender, tag->cause.hop_id);
		if (!body)
			return false;
		hop_server(body, task, context);
		if (tag->side == SOCKET_PAIR)
			body->detail = NESTOR_CONNECTION_PAIR;
		cause_of_hop(&tag->other, body);
		/* Over a socketpair the request is another connection's, and is answered there. */
		tag->other.connection = tag->side == SOCKET_PAIR ? sender->last.connection : tag->cause.connection;
		tag->other_from = sender->last.hop_id;
	}
	*cause = tag->other;
	return true;
}

#endif
