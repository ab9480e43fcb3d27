/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way that a chain came: `through` of policies. Nothing of it is carried along; where a rule asks it is looked up, hop by hop, in the
 * tables that have them anyway. So a rule that was loaded just now knows of hops that were made long before.
 */
#ifndef NESTOR_WAY_BPF_H
#define NESTOR_WAY_BPF_H

#include "login.bpf.h"

extern const volatile u32 way_most; /* state.bpf.c */

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

/* The lists of users that one is on who logged in over this hop. */
static __always_inline u64 users_of(const struct nestor_hop_body *body, u64 generation)
{
	struct nestor_user_key key = {.slot = generation & 1};
	u64 id = body->id, *login, *lists;

	if (body->kind != NESTOR_HOP_SSH_LOGIN)
		return 0;
	login = bpf_map_lookup_elem(&logins, &id);
	if (!login)
		return NESTOR_USERS_UNKNOWN;
	key.user = *login;
	lists = bpf_map_lookup_elem(&user_lists, &key);
	return lists ? *lists : 0;
}

/* The stamp of this generation's marks; 0: it asks for none. */
static __always_inline u64 agents_stamp_of(u64 generation)
{
	u32 slot = generation & 1;
	struct nestor_agents *marks = bpf_map_lookup_elem(&agent_numbering, &slot);

	return marks ? marks->stamp : 0;
}

/* Of marks what they say under this stamp. Arithmetic: to the verifier one way on. */
static __always_inline u64 agents_known(u64 marks, u64 stamp)
{
	u64 known = !((marks >> NESTOR_AGENTS_STAMP) ^ stamp);

	return (marks & NESTOR_AGENTS_BITS & -known) | (NESTOR_AGENTS_UNKNOWN & -!known);
}

struct way_walk {
	struct way *way;
	u64 at; /* the hop that is looked at next; 0: it is the end */
	u64 generation;
	u64 stamp;
};

static long look_at_hop(u32 index, void *argument)
{
	struct way_walk *walk = argument;
	struct nestor_hop_body *body = body_of(walk->at);

	if (!body)
		return 1;
	walk->way->hops |= 1U << (body->kind & 31);
	walk->way->places |= places_left(body, walk->generation);
	/* An origin's are those of who brought it here, from before the chain. */
	walk->way->agents |= agents_known(body->agents, walk->stamp) & -(u64) !!body->parent_id;
	walk->way->users |= users_of(body, walk->generation);
	walk->way->unseen |= !!body->candidates[0] | (body->confidence == NESTOR_UNKNOWN);
	walk->at = body->parent_id;
	return !walk->at;
}

/*
 * All of the way to a hop; `agents`: marks of who is above inside it. What was before a pre-existing origin, or on another node, is not
 * known and not counted: these are kinds of hops themselves. Cost: two look-ups a hop. A function to the verifier, too.
 */
__noinline __weak int see_way(struct way *way, u64 hop, u64 generation, u64 agents)
{
	struct way_walk walk = {.way = way, .at = hop, .generation = generation, .stamp = agents_stamp_of(generation)};

	if (!way || !way->asked)
		return 0;
	way->hops = 0;
	way->places = 0;
	way->agents = agents_known(agents, walk.stamp);
	way->users = 0;
	way->unseen = 0;
	bpf_loop(way_most, look_at_hop, &walk, 0);
	if (!hop || walk.at)
		way->unseen = 1;
	return 0;
}

enum passage { WAY_NO = 0, WAY_UNSURE = 1, WAY_YES = 2 };

/* Of what is asked something was met; else whether it may have been. */
static __always_inline u32 passage(u64 asked, u64 met, bool unsure)
{
	if (!asked || (asked & met))
		return WAY_YES;
	return unsure ? WAY_UNSURE : WAY_NO;
}

/* A list by its number, from 1 on; 0: none. */
static __always_inline u64 list_bit(u32 number)
{
	return number ? 1ULL << ((number - 1) & 63) : 0;
}

/*
 * Whether a chain came through what a rule asks for, all of it: enum passage. 0 asks for nothing. `lists`: its place, and above the lowest
 * byte its list of users. A function to the verifier, too: to it one answer and not each way there.
 */
__noinline __weak int came_through(const struct way *way, u32 hops, u32 lists, u64 agents)
{
	u64 place = list_bit(lists & 0xff), users = list_bit(lists >> 8);
	u32 by_hops, by_places, by_agents, by_users, least;

	if (!hops && !lists && !agents)
		return WAY_YES;
	if (!way)
		return WAY_UNSURE;
	by_hops = passage(hops, way->hops, way->unseen);
	by_places = passage(place, way->places, way->unseen || (way->places & NESTOR_PLACES_UNKNOWN));
	by_agents = passage(agents, way->agents, way->unseen || (way->agents & NESTOR_AGENTS_UNKNOWN));
	by_users = passage(users, way->users, way->unseen || (way->users & NESTOR_USERS_UNKNOWN));
	least = by_hops < by_places ? by_hops : by_places;
	least = least < by_agents ? least : by_agents;
	return least < by_users ? least : by_users;
}

#endif
