/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"

#define CLAIMED (~0ULL) /* in place of a connection: none has this id */

/*
 * Threads on other CPUs read a process's list meanwhile, and a program may be interrupted in the middle. So an entry counts, by its open
 * connection, only before it is changed and after.
 */
static __always_inline void put_request(struct request *request, const struct cause *cause, u64 turn)
{
	struct cause hidden = *cause;

	hidden.connection = CLAIMED;
	request->cause.connection = CLAIMED;
	barrier();
	request->cause = hidden;
	request->turn = turn;
	barrier();
	request->cause.connection = cause->connection;
}

/* An entry that is free, or whose request is over, for this thread alone: two that put one in at once must not take the same. */
static __always_inline bool claim(struct request *request)
{
	u64 connection = request->cause.connection;

	if (connection == CLAIMED || is_open(&request->cause))
		return false;
	return __sync_val_compare_and_swap(&request->cause.connection, connection, CLAIMED) == connection;
}

static __always_inline void take_out(struct request *request)
{
	request->cause.connection = 0;
	barrier();
	request->cause.hop_id = 0;
}

__noinline int remember_request(struct request_list *requests, struct cause *cause, u64 turn)
{
	u32 at;

	if (!requests || !cause)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.hop_id != cause->hop_id)
			continue;
		requests->list[i].turn = turn;
		return 0;
	}
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (!claim(&requests->list[i]))
			continue;
		requests->several |= i;
		put_request(&requests->list[i], cause, turn);
		return 0;
	}
	count_loss(NESTOR_LOSS_CANDIDATES);
	at = requests->next++ & (REQUESTS_KEPT - 1);
	put_request(&requests->list[at], cause, turn);
	return 0;
}

__noinline int queue_request(struct request_list *requests, struct cause *cause, u64 time)
{
	u32 at;

	if (!requests || !cause)
		return 0;
	at = requests->next++ & (REQUESTS_KEPT - 1);
	put_request(&requests->list[at], cause, time);
	return 0;
}

__noinline int note_told(struct request_list *told, struct cause *cause)
{
	u64 now = bpf_ktime_get_boot_ns();
	u32 at;

	if (!told || !cause)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (told->list[i].cause.hop_id != cause->hop_id)
			continue;
		told->list[i].turn = now;
		return 0;
	}
	told->several |= told->next;
	at = told->next++ & (REQUESTS_KEPT - 1);
	put_request(&told->list[at], cause, now);
	return 0;
}

/* A look through a list: the open ones, of these those of one turn, or those of a later time, open or not. bpf_loop, not a loop: the
 * verifier looks at one round. */
struct look {
	struct request_list *requests;
	struct cause *only;
	struct nestor_hop_body *body;
	u64 turn;
	u64 later;
	u64 except; /* all but this hop, or but this connection's */
	bool any_turn;
	bool only_answered;
	u32 count;
	u32 listed; /* of `told` */
};

static __always_inline bool is_looked_for(const struct look *look, const struct request *request)
{
	if (look->later)
		return request->cause.hop_id && request->turn > look->later && !(look->only_answered && is_open(&request->cause));
	if (look->except && request->cause.connection == look->except)
		return false;
	return (look->any_turn || request->turn == look->turn) && is_open(&request->cause);
}

static long look_at(u32 index, void *argument)
{
	struct look *look = argument;
	struct request *request = &look->requests->list[index & (REQUESTS_KEPT - 1)];

	if (!is_looked_for(look, request))
		return 0;
	if (look->only) {
		struct cause before = *look->only;

		*look->only = request->cause;
		barrier();
		/* Another thread changed it in this moment. */
		if (!look->only->hop_id || look->only->connection != request->cause.connection) {
			*look->only = before;
			return 0;
		}
	}
	if (look->body)
		add_candidate(look->body, look->count, request->cause.hop_id);
	look->count++;
	return 0;
}

__noinline u32 count_open(struct request_list *requests, struct cause *only)
{
	struct look look = {.requests = requests, .only = only, .any_turn = true, .count = unknown_zero};

	if (!requests || !only)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

__noinline u32 count_of_turn(struct request_list *requests, u64 turn, struct cause *only)
{
	struct look look = {.requests = requests, .only = only, .turn = turn, .count = unknown_zero};

	if (!requests || !only)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

__noinline u32 count_elsewhere(struct request_list *requests, u64 connection)
{
	struct look look = {.requests = requests, .except = connection, .any_turn = true, .count = unknown_zero};

	if (!requests)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

__noinline u32 add_candidates(struct nestor_hop_body *body, struct request_list *requests)
{
	struct look look = {.requests = requests, .body = body, .any_turn = true, .count = unknown_zero};

	if (!body || !requests)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

__noinline u32 count_later(struct request_list *requests, u64 time)
{
	struct look look = {.requests = requests, .later = time, .count = unknown_zero};

	if (!requests)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

__noinline u32 add_later(struct nestor_hop_body *body, u32 count, struct request_list *requests, u64 time)
{
	struct look look = {.requests = requests, .body = body, .later = time, .only_answered = true, .count = count};

	if (!body || !requests)
		return count;
	bpf_loop(REQUESTS_KEPT, look_at, &look, 0);
	return look.count;
}

/* One of `told`. */
static long look_at_told(u32 index, void *argument)
{
	struct look *look = argument;
	struct request *request = &look->requests->list[index & (REQUESTS_KEPT - 1)];
	u64 hop = request->cause.hop_id;
	bool open;

	if (!hop || hop == look->except)
		return 0;
	open = is_open(&request->cause);
	if (open ? look->only_answered : request->turn <= look->later || look->any_turn)
		return 0;
	look->count++;
	if (look->body && body_of(hop)) /* of one that is closed for long no more is known than that it was there */
		look->listed = add_candidate(look->body, look->listed, hop);
	return 0;
}

__noinline u32 count_told(struct request_list *told, u64 since, u64 except)
{
	struct look look = {.requests = told, .later = since, .except = except, .count = unknown_zero};

	if (!told)
		return 0;
	bpf_loop(REQUESTS_KEPT, look_at_told, &look, 0);
	return look.count;
}

__noinline int add_told(struct nestor_hop_body *body, struct request_list *told, u64 since, u64 own)
{
	struct look look = {.requests = told, .body = body, .later = since, .except = own, .any_turn = true, .count = unknown_zero};

	if (!body || !told)
		return 0;
	look.listed = unknown_zero;
	bpf_loop(REQUESTS_KEPT, look_at_told, &look, 0);
	look.any_turn = false;
	look.only_answered = true;
	bpf_loop(REQUESTS_KEPT, look_at_told, &look, 0);
	if (look.listed >= NESTOR_CANDIDATES)
		look.listed = NESTOR_CANDIDATES - 1;
	add_candidate(body, look.listed, own);
	body->candidate_count = look.count + 1;
	return 0;
}

__noinline int forget_request(struct request_list *requests, struct cause *cause)
{
	if (!requests || !cause)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.hop_id == cause->hop_id)
			take_out(&requests->list[i]);
	}
	return 0;
}

__noinline int note_turn(struct request_list *requests, u64 hop, u64 turn)
{
	if (!requests)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.hop_id == hop)
			requests->list[i].turn = turn;
	}
	return 0;
}

__noinline u32 has_request(struct request_list *requests, struct cause *cause)
{
	if (!requests || !cause)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.hop_id == cause->hop_id)
			return 1;
	}
	return 0;
}

__noinline u32 begins(struct request_list *handed, struct cause *cause)
{
	if (!handed || !cause || !has_request(handed, cause))
		return 1;
	if (count_later(handed, bpf_ktime_get_boot_ns() - TAKEN_WITHIN_NS) > 1)
		return 0;
	forget_request(handed, cause);
	return 1;
}

__noinline int forget_connection(struct request_list *requests, u64 connection)
{
	if (!requests)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.connection == connection)
			take_out(&requests->list[i]);
	}
	return 0;
}
