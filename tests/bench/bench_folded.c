// SPDX-License-Identifier: Apache-2.0
/*
 * How fast folded text is read and written, one core: bench_folded [FILE]. Without a file, 64 MB of
 * text like that of a busy machine, 100 processes: a line leaves the one before at a random depth
 * in its upper two thirds, and goes on for up to 20 frames, as sorted stacks do. With "random"
 * every line is new from its third frame on, the worst there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fs.h"
#include "base/text.h"
#include "format/folded.h"
#include "model/profile.h"

/* CPU time: other programs may be running. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint32_t next(uint32_t below)
{
	static uint64_t rnd = 1;

	rnd = rnd * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rnd >> 33) % below;
}

static void make_text(struct buf *b, bool random)
{
	uint32_t frames[128], depth = 0;

	while (b->len < 64 << 20) {
		uint32_t shared = random ? 0 : depth / 3 + next(depth - depth / 3 + 1);

		depth = shared + (random ? 20 + next(40) : 1 + next(20));
		if (depth > 60)
			depth = 60;
		for (uint32_t i = shared; i < depth; i++)
			frames[i] = next(i < 20 ? 2 : 6);
		buf_addf(b, "process-%02d;main;run_event_loop", (int)(b->len / (700 << 10)));
		for (uint32_t i = 0; i < depth; i++)
			buf_addf(b, ";module_%u::some_function_%u", i, frames[i]);
		buf_addf(b, " %u\n", 1 + next(20));
	}
}

int main(int argc, char **argv)
{
	struct profile *p = NULL;
	struct folded_report rep;
	struct buf text, out;
	struct err err;
	bool random = argc > 1 && !strcmp(argv[1], "random");
	double t;

	buf_init(&text, (size_t)4 << 30);
	buf_init(&out, (size_t)8 << 30);
	if (argc > 1 && !random && fs_read(argv[1], &text, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	if (argc < 2 || random)
		make_text(&text, random);
	for (int i = 0; i < 3; i++) {
		profile_free(p);
		p = NULL;
		t = now();
		if (folded_read(buf_str(&text), NULL, &p, &rep, &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 2;
		}
		t = now() - t;
		printf("read  %.1f MB, %llu lines, %u nodes: %.3f s, %.0f MB/s\n",
		       (double)text.len / 1e6, (unsigned long long)rep.lines, p->node_cnt, t,
		       (double)text.len / 1e6 / t);
	}
	t = now();
	if (folded_write(p, NULL, &out))
		return 2;
	t = now() - t;
	printf("write %.1f MB: %.3f s, %.0f MB/s\n", (double)out.len / 1e6, t,
	       (double)out.len / 1e6 / t);
	profile_free(p);
	buf_release(&text);
	buf_release(&out);
	return 0;
}
