// SPDX-License-Identifier: Apache-2.0
/*
 * thumbnailer SECONDS [SEED] - an innocent neighbour that looks guilty: bursts of 150 to 500 ms of
 * CPU at irregular times, all the time, in and out of incidents alike.
 */
#include "../targets/target.h"

#define WIDTH 256

static uint32_t picture[WIDTH * WIDTH];

named static uint32_t blend_pixels(uint32_t a, uint32_t b)
{
	keep_frame();
	return ((a >> 1) & 0x7f7f7f7f) + ((b >> 1) & 0x7f7f7f7f) + (a & b & 0x01010101);
}

named static void scale_rows(unsigned int step)
{
	for (unsigned int y = 0; y + step < WIDTH; y++)
		for (unsigned int x = 0; x + step < WIDTH; x++)
			picture[y * WIDTH + x] = blend_pixels(
				picture[y * WIDTH + x], picture[(y + step) * WIDTH + x + step]);
}

named static void render_thumbnail(void)
{
	for (unsigned int step = 1; step <= 8; step *= 2)
		scale_rows(step);
}

int main(int argc, char **argv)
{
	unsigned long seconds = target_number(argc, argv, 1, 60);
	uint64_t random_state = target_number(argc, argv, 2, 1) * 2654435761ULL + 12345;

	target_init(seconds);
	for (;;) {
		double busy = 0.15 + (double)(target_random(&random_state) % 350) / 1e3;
		double until = target_clock(CLOCK_THREAD_CPUTIME_ID) + busy;

		while (target_clock(CLOCK_THREAD_CPUTIME_ID) < until)
			render_thumbnail();
		target_sleep(0.6 + (double)(target_random(&random_state) % 2400) / 1e3);
	}
}
