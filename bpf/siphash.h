/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SipHash-2-4 (Aumasson and Bernstein, 2012) of whole 64-bit words; the one implementation for programs and nestord. */
#ifndef NESTOR_SIPHASH_H
#define NESTOR_SIPHASH_H

#include <linux/types.h>

struct nestor_siphash {
	__u64 v0, v1, v2, v3;
};

#define NESTOR_ROTATE(word, bits) ((word) << (bits) | (word) >> (64 - (bits)))

static inline __attribute__((always_inline)) void nestor_sip_round(struct nestor_siphash *s)
{
	s->v0 += s->v1;
	s->v1 = NESTOR_ROTATE(s->v1, 13) ^ s->v0;
	s->v0 = NESTOR_ROTATE(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = NESTOR_ROTATE(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = NESTOR_ROTATE(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = NESTOR_ROTATE(s->v1, 17) ^ s->v2;
	s->v2 = NESTOR_ROTATE(s->v2, 32);
}

static inline __attribute__((always_inline)) void nestor_sip_word(struct nestor_siphash *s, __u64 word)
{
	s->v3 ^= word;
	nestor_sip_round(s);
	nestor_sip_round(s);
	s->v0 ^= word;
}

/* `count`: a constant where the verifier must see the end. */
static inline __attribute__((always_inline)) __u64 nestor_siphash(const __u64 *key, const __u64 *words, int count)
{
	struct nestor_siphash s = {
	    key[0] ^ 0x736f6d6570736575ULL,
	    key[1] ^ 0x646f72616e646f6dULL,
	    key[0] ^ 0x6c7967656e657261ULL,
	    key[1] ^ 0x7465646279746573ULL,
	};
	__u64 bytes = count * 8;

	for (int i = 0; i < count; i++)
		nestor_sip_word(&s, words[i]);
	nestor_sip_word(&s, bytes << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		nestor_sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
