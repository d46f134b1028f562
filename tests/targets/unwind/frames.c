// SPDX-License-Identifier: Apache-2.0
/*
 * frames MODE [SECONDS] - frames of unusual shape above frames_spin:
 *
 *	alloca    a frame whose size is known at run time only
 *	large     a frame of 200 KiB
 *	gaps      four frames of 20 KiB
 *	aligned   a frame aligned to 64 bytes: the caller's stack pointer cannot be computed from it
 *	drap      the same, with arguments on the stack and alloca: the frame needs another base
 *	variadic  a function of many arguments, some of them on the stack
 */
#include "hop.h"

#include <stdarg.h>

hop uint64_t frames_spin(const volatile void *keep)
{
	return hop_busy((uintptr_t)keep);
}

hop uint64_t frames_alloca(size_t n)
{
	volatile char *p = __builtin_alloca(n);
	uint64_t r;

	p[0] = (char)n;
	r = frames_spin(p);
	HOP_AFTER(r);
	return r + (uint64_t)p[0];
}

hop uint64_t frames_large(uint64_t a)
{
	volatile char room[200 << 10];
	uint64_t r;

	room[a & 1023] = 1;
	r = frames_spin(room);
	HOP_AFTER(r);
	return r + (uint64_t)room[0];
}

hop uint64_t frames_gap(uint64_t depth)
{
	volatile char room[20 << 10];
	uint64_t r;

	room[depth] = 1;
	r = depth ? frames_gap(depth - 1) : frames_spin(room);
	HOP_AFTER(r);
	return r + (uint64_t)room[depth];
}

hop uint64_t frames_aligned(uint64_t a)
{
	volatile uint64_t vector[8] __attribute__((aligned(64)));
	uint64_t r;

	vector[a & 7] = a;
	r = frames_spin(vector);
	HOP_AFTER(r);
	return r + vector[0];
}

/* The arguments above the sixth lie in the caller's frame, which is found only through the base. */
hop uint64_t frames_drap(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
			 uint64_t g, uint64_t h)
{
	volatile uint64_t vector[8] __attribute__((aligned(64)));
	volatile char *p = __builtin_alloca(a + 100);
	uint64_t r;

	vector[a & 7] = g;
	p[0] = (char)h;
	r = frames_spin(vector) + frames_spin(p);
	HOP_AFTER(r);
	return r + vector[0] + (uint64_t)p[0] + a + b + c + d + e + f + g + h;
}

hop uint64_t frames_variadic(unsigned int n, ...)
{
	uint64_t sum = 0;
	va_list ap;

	va_start(ap, n);
	for (unsigned int i = 0; i < n; i++)
		sum += va_arg(ap, uint64_t);
	sum += frames_spin(&sum);
	va_end(ap);
	HOP_AFTER(sum);
	return sum;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	uint64_t n = (uint64_t)argc;

	target_init(target_number(argc, argv, 2, 10));
	if (!strcmp(mode, "alloca"))
		HOP_AFTER(frames_alloca(n * 1000));
	else if (!strcmp(mode, "large"))
		HOP_AFTER(frames_large(n));
	else if (!strcmp(mode, "gaps"))
		HOP_AFTER(frames_gap(3));
	else if (!strcmp(mode, "aligned"))
		HOP_AFTER(frames_aligned(n));
	else if (!strcmp(mode, "drap"))
		HOP_AFTER(frames_drap(n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7));
	else if (!strcmp(mode, "variadic"))
		HOP_AFTER(frames_variadic(9, n, n, n, n, n, n, n, n, n));
	else
		return 2;
	return 0;
}
