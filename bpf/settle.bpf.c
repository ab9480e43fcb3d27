/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "settle.bpf.h"

/* The answer of one request, and the hops that it may settle. */
struct settling {
	struct serving *serving;
	u64 request; /* the hop that it opened */
	u64 passed;  /* or that of the descriptor which it came by; 0: none */
};

static __always_inline bool is_candidate(const struct nestor_hop_body *body, u64 hop)
{
	bool found = false;

	for (int i = 0; i < NESTOR_CANDIDATES; i++)
		found |= hop && body->candidates[i] == hop;
	return found;
}

/* `body` becomes the hop of the request, seen once more. */
static __always_inline void become(struct nestor_hop_body *body, const struct nestor_hop_body *request)
{
	u64 id = body->id;

	*body = *request;
	body->id = id;
	body->confidence = weakest(request->confidence, NESTOR_INFERRED);
	body->candidates_told = 0;
	body->detail |= NESTOR_CONNECTION_SETTLED;
}

/*
 * In both tables, and told once more if it was told. Who reads the entry meanwhile may see parts of both, as of any that is filled; the
 * parent is one word, and either is a hop of this way.
 */
static __always_inline void settle(u64 hop, u64 request)
{
	struct nestor_hop_body *as = body_of(request), *open = bpf_map_lookup_elem(&pending_hops, &hop);
	struct nestor_hop *told = bpf_map_lookup_elem(&hop_table, &hop);

	if (!as)
		return;
	if (open)
		become(open, as);
	if (!told || !told->body.id)
		return;
	become(&told->body, as);
	told->again = 1;
	if (bpf_ringbuf_output(&control, told, sizeof(*told), wakeup_flag()))
		count_loss(NESTOR_LOSS_RING_CONTROL);
}

static long settle_one(u32 index, void *argument)
{
	struct settling *settling = argument;
	u64 hop = settling->serving->unsettled[index & (UNSETTLED_KEPT - 1)];
	u64 request = settling->request;
	struct nestor_hop_body *body;

	if (index >= settling->serving->unsettled_count)
		return 1;
	body = hop ? body_of(hop) : NULL;
	if (!body)
		return 0;
	if (!is_candidate(body, request))
		request = settling->passed;
	if (is_candidate(body, request))
		settle(hop, request);
	return 0;
}

/* Cost: for a worker that was at several requests at once only; a record for each hop that was told. */
__noinline int settle_by_answer(struct serving *serving, struct socket_tag *tag)
{
	struct settling settling = {.serving = serving};

	if (!serving || !tag)
		return 0;
	settling.request = tag->cause.hop_id;
	settling.passed = tag->passed.hop_id;
	bpf_loop(UNSETTLED_KEPT, settle_one, &settling, 0);
	serving->unsettled_count = 0;
	return 0;
}
