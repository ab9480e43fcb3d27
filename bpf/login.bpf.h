/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who logged in over which hop: `identity` of policies. By the title that OpenSSH gives its processes: "sshd: USER" once the user is let
 * in, "sshd: USER@TERMINAL" for a session, with a word in brackets before that, and for what is root's still. From 9.8 on it begins with
 * "sshd-session: ". The copy that becomes the user's program still has it, and the user cannot change an sshd's.
 */
#ifndef NESTOR_LOGIN_BPF_H
#define NESTOR_LOGIN_BPF_H

#include "hop.bpf.h"
#include "policy.bpf.h"
#include "program.bpf.h"

/* By hop. nestord removes what it forgets, as of hop_table; full: hop-table counts, and the user is not known. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u64);
	__type(value, u64); /* hash of the user's name; 0: nobody yet */
} logins __weak SEC(".maps");

#define TITLE_SHORT 6 /* "sshd: " */
#define TITLE_LONG 14 /* "sshd-session: " */

struct title_walk {
	struct way *way;
	u64 hash;   /* of the name so far */
	u64 user;   /* of the whole of it; 0: its end was not seen */
	u32 at;     /* the byte that is looked at next */
	u32 nobody; /* not 0: a word in brackets */
};

/* Eight bytes of a title; behind its end is room for as many. */
static __always_inline u64 title_word(const char *title, u32 at)
{
	return *(const u64 *)&title[at & (LOGIN_TITLE - 1)];
}

/* A session's terminal: "pts/N", "notty" or "internal-sftp". A user's name may have an '@', too. */
static __always_inline bool is_terminal(u64 word)
{
	return (u32)word == 0x2f737470 /* pts/ */ || (word & 0xffffffffffffULL) == 0x7974746f6eULL /* notty and its NUL */ ||
	       word == 0x6c616e7265746e69ULL /* internal */;
}

static long look_at_title(u32 index, void *argument)
{
	struct title_walk *walk = argument;
	const char *title = walk->way->title;
	u32 at = walk->at & (LOGIN_TITLE - 1);
	char byte = title[at];

	if (!byte) {
		if (!walk->user && at < LOGIN_TITLE - 1)
			walk->user = walk->hash;
		return 1;
	}
	walk->nobody |= byte == '[';
	if (byte == '@')
		walk->user = is_terminal(title_word(title, at + 1)) ? walk->hash : 0;
	walk->hash = (walk->hash ^ (u8)byte) * NESTOR_FNV_PRIME;
	walk->at = at + 1;
	return 0;
}

/* Reads the current task's title. False: it is none of an sshd's, or cannot be read, or is too long. */
static __always_inline bool read_title(struct title_walk *walk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const char *start = (const char *)BPF_CORE_READ(task, mm, arg_start);
	char *title = walk->way->title;
	bool is_long;

	if (bpf_probe_read_user_str(title, LOGIN_TITLE, start) <= 0) {
		count_loss(NESTOR_LOSS_ARGV_READ);
		return false;
	}
	is_long = starts_with(title, "sshd-session: ", TITLE_LONG);
	if (!is_long && !starts_with(title, "sshd: ", TITLE_SHORT))
		return false;
	walk->at = is_long ? TITLE_LONG : TITLE_SHORT;
	walk->nobody = title[walk->at & (LOGIN_TITLE - 1)] == '/'; /* the listener's begins with its own path */
	bpf_loop(LOGIN_TITLE, look_at_title, walk, 0);
	return walk->nobody || walk->user;
}

/*
 * The current task is an sshd and in this hop: notes who it is for. The first user stays, for what comes later in the hop is that user's
 * doing, whatever it calls itself. A function to the verifier, too.
 */
__noinline __weak int learn_login(struct way *way, u64 hop)
{
	struct title_walk walk = {.way = way, .hash = NESTOR_FNV_BASIS + unknown_zero, .user = unknown_zero};
	u64 *known = bpf_map_lookup_elem(&logins, &hop), user;
	struct nestor_hop_body *body;

	if (!way || (known && *known))
		return 0;
	body = body_of(hop);
	/* An sshd that is in another hop, as its own origin, shares it with other processes. */
	if (!body || body->kind != NESTOR_HOP_SSH_LOGIN || !read_title(&walk))
		return 0;
	user = walk.nobody ? 0 : walk.user + !walk.user;
	if (bpf_map_update_elem(&logins, &hop, &user, BPF_ANY))
		count_loss(NESTOR_LOSS_HOP_TABLE);
	return 0;
}

#endif
