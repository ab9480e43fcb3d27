/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way that a chain came: `through` of policies. Nothing of it is carried along; where a rule asks it is looked up, hop by hop, in the
 * tables that have them anyway. So a rule that was loaded just now knows of hops that were made long before.
 */
#ifndef NESTOR_WAY_BPF_H
#define NESTOR_WAY_BPF_H

#include "hop.bpf.h"
#include "policy.bpf.h"

static __always_inline struct nestor_hop_body *body_of(u64 id)
{
	struct nestor_hop *told = bpf_map_lookup_elem(&hop_table, &id);

	return told ? &told->body : bpf_map_lookup_elem(&pending_hops, &id);
}

/* Only who goes on to another container leaves one: a sudo, or a connection inside it, does not. */
static __always_inline u64 places_left(const struct nestor_hop_body *body, u64 generation)
{
	u64 from = body->from_container_cgroup_id;
	struct nestor_applying *there;

	if (!from || from == body->to_container_cgroup_id)
		return 0;
	there = applying_in(from, generation);
	return there ? there->places : NESTOR_PLACES_UNKNOWN;
}

struct way_walk {
	struct way *way;
	u64 at; /* the hop that is looked at next; 0: it is the end */
	u64 generation;
};

static long look_at_hop(u32 index, void *argument)
{
	struct way_walk *walk = argument;
	struct nestor_hop_body *body = body_of(walk->at);

	if (!body)
		return 1;
	walk->way->hops |= 1U << (body->kind & 31);
	walk->way->places |= places_left(body, walk->generation);
	walk->way->unseen |= !!body->candidates[0];
	walk->at = body->parent_id;
	return !walk->at;
}

/*
 * All of the way to a hop. What was before a pre-existing origin, or on another node, is not known and not counted: these are kinds of hops
 * themselves. Cost: two look-ups a hop. A function to the verifier, too.
 */
__noinline __weak int see_way(struct way *way, u64 hop, u64 generation)
{
	struct way_walk walk = {.way = way, .at = hop, .generation = generation};

	if (!way || !way->asked)
		return 0;
	way->hops = 0;
	way->places = 0;
	way->unseen = 0;
	bpf_loop(NESTOR_WAY_MOST, look_at_hop, &walk, 0);
	if (!hop || walk.at)
		way->unseen = 1;
	return 0;
}

enum passage { WAY_NO = 0, WAY_UNSURE = 1, WAY_YES = 2 };

/*
 * Whether a chain came through what a rule asks for, all of it: enum passage. 0 asks for nothing. A function to the verifier, too: to it
 * one answer and not each way there.
 */
__noinline __weak int came_through(const struct way *way, u32 hops, u32 place)
{
	u64 place_bit = place ? 1ULL << ((place - 1) & 63) : 0;
	u32 by_hops = WAY_YES, by_places = WAY_YES;

	if (!hops && !place)
		return WAY_YES;
	if (!way)
		return WAY_UNSURE;
	if (hops && !(hops & way->hops))
		by_hops = way->unseen ? WAY_UNSURE : WAY_NO;
	if (place && !(place_bit & way->places))
		by_places = way->unseen || (way->places & NESTOR_PLACES_UNKNOWN) ? WAY_UNSURE : WAY_NO;
	return by_hops < by_places ? by_hops : by_places;
}

#endif
