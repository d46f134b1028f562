// SPDX-License-Identifier: Apache-2.0
/*
 * chain [SECONDS] - main > chain_a > chain_b > chain_c > chain_spin, which is busy. Built many
 * times: each level of optimization, both compilers, with and without unwind tables, static, musl.
 *
 * The middle functions keep values alive across their calls, so that an optimizing compiler saves
 * as many registers as there are.
 */
#include "hop.h"

hop uint64_t chain_spin(uint64_t seed)
{
	return hop_busy(seed);
}

hop uint64_t chain_c(uint64_t a, uint64_t b)
{
	char text[48];
	uint64_t r;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)(a ^ b));
	r = chain_spin(a + b);
	HOP_AFTER(r);
	return r + (unsigned char)text[a & 7];
}

hop uint64_t chain_b(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	uint64_t r = chain_c(a ^ f, b), s = a * 3 + d, t = b * 5 + e, u = c * 7 + f;

	HOP_AFTER(r);
	return s ^ t ^ u ^ r ^ a ^ b ^ c ^ d ^ e ^ f;
}

hop uint64_t chain_a(uint64_t a)
{
	uint64_t r = chain_b(a, a + 1, a + 2, a + 3, a + 4, a + 5);

	HOP_AFTER(r);
	return r ^ a;
}

int main(int argc, char **argv)
{
	target_init(target_number(argc, argv, 1, 10));
	HOP_AFTER(chain_a((uint64_t)argc));
	return 0;
}
