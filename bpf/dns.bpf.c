/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers of name servers (RFC 1035, 4.1): which address goes by which name, see dns.bpf.h. */
#include "judge.bpf.h"
#include "dns.bpf.h"
#include "address.bpf.h"
#include "turn.bpf.h"

#define DNS_PORT 53
#define DNS_BYTES 2048 /* of an answer are read; a power of two. EDNS has 1232 as a rule */
#define DNS_HEADER 12
#define DNS_JUMPS 16   /* a compressed name goes through so many pointers at most */
#define DNS_ROUNDS 320 /* bytes of a name, its lengths and jumps */
#define DNS_ANSWERS 64
#define DNS_TTL_MOST 86400 /* seconds: who says more is believed no longer */
#define DNS_TRUNCATED 0x02
#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28
#define DNS_CLASS_IN 1

/* Where in scratch->path the name is put together, behind the answer. */
#define NAME_AT DNS_BYTES

_Static_assert(NAME_AT + sizeof(struct nestor_name) <= sizeof(((struct scratch *)0)->path), "it fits in behind the answer");
_Static_assert(2 * DNS_BYTES <= sizeof(((struct scratch *)0)->path), "a page may follow what lies before it");
_Static_assert(NESTOR_DNS_MARGIN == DFA_STEP, "what dfa_read may touch");

extern u64 vmemmap_base_at, page_offset_base_at; /* state.bpf.c */

enum name_state { NAME_GOES_ON = 0, NAME_ENDS = 1, NAME_BAD = 2 };

/* What goes up and down while an answer is read starts from unknown_zero, or the verifier would take one round for all. */
struct dns_walk {
	struct scratch *scratch; /* path: the answer, and the name */
	u64 hash;                /* of the name so far */
	u64 question;            /* of the question's */
	u64 until_ns;
	u64 netns;
	u32 len;   /* of the answer */
	u32 at;    /* in it */
	u32 after; /* where it goes on behind the name, once that has jumped; 0: it did not */
	u32 label; /* bytes that are left of the present label */
	u32 chars; /* of the name so far */
	u32 jumps;
	u32 state;
	u32 answers; /* that are left */
};

static __always_inline u8 dns_byte(const struct dns_walk *walk, u32 at)
{
	return walk->scratch->path[at & (DNS_BYTES - 1)];
}

static __always_inline u16 dns_short(const struct dns_walk *walk, u32 at)
{
	return dns_byte(walk, at) << 8 | dns_byte(walk, at + 1);
}

/* Not a constant in the verifier's eyes: see bpf/README.md, what it taught, 9. */
static __always_inline void end_name(struct dns_walk *walk, u32 state)
{
	walk->state = state + unknown_zero;
}

/* A dot inside a label is no dot of the name. */
static __always_inline u8 plain(u8 byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return byte | 0x20;
	return byte == '.' ? 0xff : byte;
}

static __always_inline void add_char(struct dns_walk *walk, u8 byte)
{
	u32 chars = walk->chars;

	if (chars >= NESTOR_DNS_NAME) {
		end_name(walk, NAME_BAD);
		return;
	}
	walk->scratch->path[NAME_AT + offsetof(struct nestor_name, text) + NESTOR_DNS_MARGIN + (chars & 255)] = byte;
	walk->hash = (walk->hash ^ byte) * NESTOR_FNV_PRIME;
	walk->chars = chars + 1;
}

static __always_inline void jump(struct dns_walk *walk, u8 high)
{
	u8 low = dns_byte(walk, walk->at);

	if (!walk->after)
		walk->after = walk->at + 1;
	walk->jumps++;
	if (walk->jumps > DNS_JUMPS)
		end_name(walk, NAME_BAD);
	walk->at = (high & 0x3f) << 8 | low;
}

static __always_inline void begin_label(struct dns_walk *walk, u8 length)
{
	if (!length) {
		end_name(walk, NAME_ENDS);
		return;
	}
	if ((length & 0xc0) == 0xc0) {
		jump(walk, length);
		return;
	}
	if (length & 0xc0) {
		end_name(walk, NAME_BAD);
		return;
	}
	if (walk->chars)
		add_char(walk, '.');
	walk->label = length;
}

static long name_byte(u32 round, void *argument)
{
	struct dns_walk *walk = argument;
	u8 byte;

	if (walk->at >= walk->len) {
		end_name(walk, NAME_BAD);
		return 1;
	}
	byte = dns_byte(walk, walk->at);
	walk->at++;
	if (walk->label) {
		add_char(walk, plain(byte));
		walk->label--;
	} else {
		begin_label(walk, byte);
	}
	return walk->state != NAME_GOES_ON;
}

/* The name at walk->at, which is then behind it. False: it is none. */
static __always_inline bool read_name(struct dns_walk *walk)
{
	walk->hash = NESTOR_FNV_BASIS + unknown_zero;
	walk->after = unknown_zero;
	walk->label = unknown_zero;
	walk->chars = unknown_zero;
	walk->jumps = unknown_zero;
	walk->state = unknown_zero;
	bpf_loop(DNS_ROUNDS, name_byte, walk, 0);
	if (walk->after)
		walk->at = walk->after;
	return walk->state == NAME_ENDS;
}

enum told_kind { TOLD_ADDRESS = 0, TOLD_NAME = 1 };

/* Whether the network namespace may have one more of this kind; then it counts. */
static __always_inline bool has_room(u64 netns, enum told_kind kind)
{
	struct nestor_told_count *count = bpf_map_lookup_elem(&told_counts, &netns), none = {};
	u32 *of_kind;

	if (!count) {
		bpf_map_update_elem(&told_counts, &netns, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&told_counts, &netns);
	}
	if (!count)
		return false;
	of_kind = kind == TOLD_NAME ? &count->names : &count->addresses;
	if (*of_kind >= told_per_netns)
		return false;
	__sync_fetch_and_add(of_kind, 1);
	return true;
}

/* Longer than before; what nestord takes out meanwhile is told again. */
static __always_inline bool keep_name(struct dns_walk *walk)
{
	struct nestor_name *name = (void *)(walk->scratch->path + NAME_AT), *known;
	struct nestor_name_key key = {.netns = walk->netns, .hash = walk->hash};

	known = bpf_map_lookup_elem(&dns_names, &key);
	if (known) {
		if (known->until_ns < walk->until_ns)
			known->until_ns = walk->until_ns;
		return true;
	}
	name->until_ns = walk->until_ns;
	name->len = walk->chars;
	name->pad = 0;
	if (has_room(walk->netns, TOLD_NAME) && !bpf_map_update_elem(&dns_names, &key, name, BPF_ANY))
		return true;
	count_loss(NESTOR_LOSS_DNS_NAMES);
	return false;
}

static __always_inline struct nestor_told *told_of(const struct nestor_told_key *key)
{
	struct nestor_told *told = bpf_map_lookup_elem(&told_addresses, key), none = {};

	if (told)
		return told;
	if (has_room(key->netns, TOLD_ADDRESS))
		bpf_map_update_elem(&told_addresses, key, &none, BPF_NOEXIST);
	told = bpf_map_lookup_elem(&told_addresses, key);
	if (!told)
		count_loss(NESTOR_LOSS_DNS_NAMES);
	return told;
}

/* The question's name was kept before its addresses' TTLs were read. */
static __always_inline void prolong_question(const struct dns_walk *walk)
{
	struct nestor_name_key key = {.netns = walk->netns, .hash = walk->question};
	struct nestor_name *name = bpf_map_lookup_elem(&dns_names, &key);

	if (name && name->until_ns < walk->until_ns)
		name->until_ns = walk->until_ns;
}

static __noinline void tell_name(struct nestor_told *told, u64 hash)
{
	if (!told)
		return;
	for (u32 i = 0; i < NESTOR_NAMES_TOLD; i++)
		if (told->name[i] == hash)
			return;
	told->name[told->next & (NESTOR_NAMES_TOLD - 1)] = hash;
	told->next++;
}

/* The address at walk->at goes by the name that was read last, and by the question's, which a CNAME may have led away from. */
static __always_inline void learn(struct dns_walk *walk, u16 type, u32 ttl)
{
	const u8 *bytes = (const u8 *)walk->scratch->path + (walk->at & (DNS_BYTES - 1));
	struct nestor_address address = {};
	struct nestor_told_key key = {};
	struct nestor_told *told;
	u64 until = bpf_ktime_get_boot_ns() + told_for_ns, by_ttl;

	if (ttl > DNS_TTL_MOST)
		ttl = DNS_TTL_MOST;
	by_ttl = bpf_ktime_get_boot_ns() + ttl * 1000000000ULL;
	if (type == DNS_TYPE_A)
		__builtin_memcpy(address.addr, bytes, 4);
	else
		set_v6(&address, bytes);
	key.netns = walk->netns;
	key.family = type == DNS_TYPE_A ? AF_INET : address.family;
	__builtin_memcpy(key.addr, address.addr, sizeof(key.addr));
	walk->until_ns = by_ttl > until ? by_ttl : until;
	told = told_of(&key);
	if (!told)
		return;
	if (told->until_ns < walk->until_ns)
		told->until_ns = walk->until_ns;
	if (walk->hash != walk->question && keep_name(walk))
		tell_name(told, walk->hash);
	prolong_question(walk);
	tell_name(told, walk->question);
}

static long read_answer(u32 round, void *argument)
{
	struct dns_walk *walk = argument;
	u32 at, ttl, size;
	u16 type;

	if (!walk->answers)
		return 1;
	if (!read_name(walk) || walk->at + 10 > walk->len)
		return 1;
	at = walk->at;
	type = dns_short(walk, at);
	size = dns_short(walk, at + 8);
	ttl = (u32)dns_short(walk, at + 4) << 16 | dns_short(walk, at + 6);
	walk->at = at + 10;
	if (walk->at + size > walk->len)
		return 1;
	if (dns_short(walk, at + 2) == DNS_CLASS_IN && ((type == DNS_TYPE_A && size == 4) || (type == DNS_TYPE_AAAA && size == 16)))
		learn(walk, type, ttl);
	walk->at += size;
	walk->answers--;
	return 0;
}

/* It says something, and the question's name is read. Whatever is no answer to one question says nothing. */
static __always_inline bool begin_answer(struct dns_walk *walk)
{
	u8 flags = dns_byte(walk, 2), code = dns_byte(walk, 3) & 0xf;

	walk->answers = dns_short(walk, 6) + unknown_zero;
	if (walk->len >= DNS_HEADER && (flags & 0x80) && (flags & DNS_TRUNCATED))
		count_loss(NESTOR_LOSS_DNS_ANSWERS); /* the whole of it comes over TCP */
	if (walk->len < DNS_HEADER || !(flags & 0x80) || code || dns_short(walk, 4) != 1 || !walk->answers)
		return false;
	walk->at = DNS_HEADER + unknown_zero;
	if (!read_name(walk)) {
		count_loss(NESTOR_LOSS_DNS_ANSWERS);
		return false;
	}
	walk->at += 4;
	walk->question = walk->hash;
	return true;
}

static __always_inline void read_message(struct dns_walk *walk)
{
	if (!begin_answer(walk))
		return;
	walk->until_ns = bpf_ktime_get_boot_ns() + told_for_ns;
	if (!keep_name(walk))
		return;
	bpf_loop(DNS_ANSWERS, read_answer, walk, 0);
	if (walk->answers)
		count_loss(NESTOR_LOSS_DNS_ANSWERS);
}

/* The port that a datagram came from: the first bytes of its UDP header. */
static __always_inline u16 sent_from(struct sk_buff *skb)
{
	u16 port = 0;

	bpf_probe_read_kernel(&port, sizeof(port), skb->head + skb->transport_header);
	return bpf_ntohs(port);
}

/* A page of a datagram: struct bio_vec, since 6.10 (commit 21d2e6737c97) struct skb_frag, whose lowest bit says that it is no page. */
struct page_piece {
	u64 page;
	u32 len;
	u32 offset;
};

/* Where this page lies in the kernel's own map of memory, as page_address() has it on x86-64. 0: not known. */
static __always_inline u64 address_of_page(u64 page)
{
	u64 vmemmap = 0, memory = 0;

	if (!vmemmap_base_at || !page_offset_base_at || (page & 1))
		return 0;
	bpf_probe_read_kernel(&vmemmap, sizeof(vmemmap), (void *)vmemmap_base_at);
	bpf_probe_read_kernel(&memory, sizeof(memory), (void *)page_offset_base_at);
	return memory + ((page - vmemmap) / bpf_core_type_size(struct page) << 12);
}

/* The first page behind `at` bytes. Many drivers leave only the headers, and a few bytes more, before it. */
static __always_inline u32 copy_page(struct scratch *scratch, u32 at, struct sk_buff *skb)
{
	void *shared = skb->head + skb->end;
	struct page_piece piece = {};
	u64 address;
	u8 pieces = 0;
	u32 len;

	bpf_probe_read_kernel(&pieces, sizeof(pieces), shared + bpf_core_field_offset(struct skb_shared_info, nr_frags));
	bpf_probe_read_kernel(&piece, sizeof(piece), shared + bpf_core_field_offset(struct skb_shared_info, frags));
	address = pieces ? address_of_page(piece.page) : 0;
	if (!address)
		return 0;
	len = piece.len;
	barrier_var(len);
	if (len > DNS_BYTES)
		len = DNS_BYTES;
	/* It may lie behind what is read of an answer, but not behind the scratch's path. */
	return bpf_probe_read_kernel(scratch->path + (at & (DNS_BYTES - 1)), len, (void *)(address + piece.offset)) ? 0 : len;
}

static __always_inline u32 copy_message(struct scratch *scratch, struct sk_buff *skb)
{
	u32 len = skb->len - skb->data_len, read;

	barrier_var(len);
	if (len > DNS_BYTES)
		len = DNS_BYTES;
	read = bpf_probe_read_kernel(scratch->path, len, skb->data) ? 0 : len;
	if (skb->data_len && read < DNS_BYTES)
		read += copy_page(scratch, read, skb);
	if (read < skb->len || read > DNS_BYTES)
		count_loss(NESTOR_LOSS_DNS_ANSWERS);
	return read < DNS_BYTES ? read : DNS_BYTES;
}

/*
 * Hook: fexit/__skb_recv_udp, in the receiver of a datagram, before it is copied to the process; UDP over IPv4 and IPv6, peeks too. Lowest
 * kernel: 5.19; the same signature up to 6.18. Attached while some rule asks for names. Cost: a read of each datagram's port; of
 * answers of name servers some hundred bytes. On failure: dns-names, dns-answers, or policy-state where there is no room to work in: then
 * the addresses are not known by these names. TCP is not read.
 */
SEC("fexit/__skb_recv_udp")
int FUNCTION_PROG(learn_names, struct sock *sk, unsigned int flags, int *off, int *err, struct sk_buff *skb)
{
	struct dns_walk walk = {};
	struct task_context *context;

	if (!skb || sent_from(skb) != DNS_PORT)
		return 0;
	context = context_to_judge(bpf_get_current_task_btf());
	if (!context || !context->container)
		return 0;
	walk.scratch = take_scratch();
	if (!walk.scratch)
		return 0;
	walk.netns = netns_cookie(sk);
	walk.len = copy_message(walk.scratch, skb);
	read_message(&walk);
	leave_scratch(walk.scratch);
	return 0;
}
