// SPDX-License-Identifier: Apache-2.0
/*
 * Multiply-and-fold hashing: a 64x64->128 bit product mixes 16 bytes a step. The constants are odd,
 * with about half of their bits set (digits of the golden ratio and of sqrt(3)); the random seed
 * enters each product.
 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

static uint64_t seed[2];
static bool is_seeded; /* a call of pthread_once() costs as much as the hash of a short name */
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void seed_draw(void)
{
	if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed[0] = (uint64_t)(uintptr_t)&seed; /* before the pool is ready: the load address
							 at least */
	seed[0] |= 1;
	__atomic_store_n(&is_seeded, true, __ATOMIC_RELEASE);
}

static inline void need_seed(void)
{
	if (!__atomic_load_n(&is_seeded, __ATOMIC_ACQUIRE))
		pthread_once(&seed_once, seed_draw);
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint64_t hash_bytes(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint8_t tail[16] = {0};
	uint64_t h;

	need_seed();
	h = seed[0] ^ (len * UINT64_C(0x9e3779b97f4a7c15));
	for (; len > 16; len -= 16, p += 16)
		h = fold(load64(p) ^ UINT64_C(0xbb67ae8584caa73b), load64(p + 8) ^ h);
	if (len)
		memcpy(tail, p, len);
	h = fold(load64(tail) ^ UINT64_C(0xbb67ae8584caa73b), load64(tail + 8) ^ h);
	return fold(h ^ seed[1], UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t hash_u64(uint64_t v)
{
	need_seed();
	return fold(v ^ seed[0], UINT64_C(0x9e3779b97f4a7c15) ^ seed[1]);
}
