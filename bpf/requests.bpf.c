/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "requests.bpf.h"

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
		if (is_open(&requests->list[i].cause))
			continue;
		requests->list[i].cause = *cause;
		requests->list[i].turn = turn;
		return 0;
	}
	count_loss(NESTOR_LOSS_CANDIDATES);
	at = requests->next++ & (REQUESTS_KEPT - 1);
	requests->list[at].cause = *cause;
	requests->list[at].turn = turn;
	return 0;
}

__noinline int queue_request(struct request_list *requests, struct cause *cause, u64 time)
{
	u32 at;

	if (!requests || !cause)
		return 0;
	at = requests->next++ & (REQUESTS_KEPT - 1);
	requests->list[at].cause = *cause;
	requests->list[at].turn = time;
	return 0;
}

__noinline u32 count_open(struct request_list *requests, struct cause *only)
{
	u32 count = 0;

	if (!requests || !only)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (!is_open(&requests->list[i].cause))
			continue;
		*only = requests->list[i].cause;
		count++;
	}
	return count;
}

__noinline u32 count_of_turn(struct request_list *requests, u64 turn, struct cause *only)
{
	u32 count = 0;

	if (!requests || !only)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].turn != turn || !is_open(&requests->list[i].cause))
			continue;
		*only = requests->list[i].cause;
		count++;
	}
	return count;
}

__noinline u32 add_candidates(struct nestor_hop_body *body, struct request_list *requests)
{
	u32 count = 0;

	if (!body || !requests)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (!is_open(&requests->list[i].cause))
			continue;
		count = add_candidate(body, count, requests->list[i].cause.hop_id);
	}
	return count;
}

__noinline u32 count_later(struct request_list *requests, u64 time)
{
	u32 count = 0;

	if (!requests)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++)
		count += requests->list[i].cause.hop_id && requests->list[i].turn > time;
	return count;
}

__noinline u32 add_later(struct nestor_hop_body *body, struct request_list *requests, u64 time)
{
	u32 count = 0;

	if (!body || !requests)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (!requests->list[i].cause.hop_id || requests->list[i].turn <= time)
			continue;
		count = add_candidate(body, count, requests->list[i].cause.hop_id);
	}
	return count;
}

__noinline int forget_request(struct request_list *requests, struct cause *cause)
{
	if (!requests || !cause)
		return 0;
	for (int i = 0; i < REQUESTS_KEPT; i++) {
		if (requests->list[i].cause.hop_id == cause->hop_id)
			requests->list[i].cause.hop_id = 0;
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
