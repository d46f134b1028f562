// SPDX-License-Identifier: Apache-2.0
#include "render/colors.h"

#include <math.h>

#include "model/profile.h"

#define NEUTRAL 0xe7e4de
#define MORE	0xee6f57
#define LESS	0x5fa0d8

static uint32_t mix_channel(uint32_t x, uint32_t y, int shift, double t)
{
	double from = x >> shift & 0xff, to = y >> shift & 0xff;

	return (uint32_t)lround(from + (to - from) * t) << shift;
}

static uint32_t mix(uint32_t x, uint32_t y, double t)
{
	return mix_channel(x, y, 16, t) | mix_channel(x, y, 8, t) | mix_channel(x, y, 0, t);
}

uint32_t colors_change(int step)
{
	double t;

	if (step > COLORS_STEPS)
		step = COLORS_STEPS;
	if (step < -COLORS_STEPS)
		step = -COLORS_STEPS;
	/* a first step that can be told from neutral, then evenly to the end */
	t = step ? 0.12 + 0.88 * fabs((double)step) / COLORS_STEPS : 0;
	return mix(NEUTRAL, step < 0 ? LESS : MORE, t);
}

int colors_step(double relative)
{
	if (!isfinite(relative))
		return 0;
	return (int)lround(fmax(-1, fmin(1, relative)) * COLORS_STEPS);
}

/* Stable across runs, unlike the hash of the tables: pictures of one profile are the same bytes. */
static uint32_t name_shade(struct str name)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.p[i]) * 16777619U;
	return h >> 8 & 0xff;
}

uint32_t colors_kind(uint32_t kind, struct str name)
{
	static const uint32_t light[FRAME_KIND_CNT] = {
		[FRAME_UNKNOWN] = 0xf6d9a8, [FRAME_USER] = 0xf6d9a8,	[FRAME_KERNEL] = 0xcdd3ea,
		[FRAME_JIT] = 0xd3e8c4,	    [FRAME_INLINED] = 0xf3e9b5,
	};
	static const uint32_t strong[FRAME_KIND_CNT] = {
		[FRAME_UNKNOWN] = 0xeeb06c, [FRAME_USER] = 0xeeb06c,	[FRAME_KERNEL] = 0xa5b0d8,
		[FRAME_JIT] = 0xa7cf8f,	    [FRAME_INLINED] = 0xe3cf78,
	};

	if (kind >= FRAME_KIND_CNT)
		kind = FRAME_UNKNOWN;
	return mix(light[kind], strong[kind], name_shade(name) / 255.0);
}

/* Relative luminance, WCAG 2.1. */
static double luminance(uint32_t c)
{
	static const double weight[3] = {0.0722, 0.7152, 0.2126};
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		double v = (double)(c >> (8 * i) & 0xff) / 255;

		sum += weight[i] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double colors_contrast(uint32_t x, uint32_t y)
{
	double a = luminance(x), b = luminance(y);

	return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}
