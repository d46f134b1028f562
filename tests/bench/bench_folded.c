// SPDX-License-Identifier: Apache-2.0
/*
 * How fast folded text is read and written, one core: bench_folded [FILE]. Without a file, 64 MB of
 * text like that of a busy machine: 100 processes, 20 to 60 frames a line, sorted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fs.h"
#include "base/text.h"
#include "format/folded.h"
#include "model/profile.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void make_text(struct buf *b)
{
	uint64_t rnd = 1;

	while (b->len < 64 << 20) {
		int depth;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		depth = 20 + (int)(rnd >> 33) % 40;
		buf_addf(b, "process-%02d;main;run_event_loop", (int)(b->len / (700 << 10)));
		for (int i = 0; i < depth; i++) {
			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			buf_addf(b, ";module_%d::some_function_%d", i,
				 (int)(rnd >> 33) % (i < 20 ? 2 : 6));
		}
		buf_addf(b, " %d\n", 1 + (int)(rnd >> 50) % 20);
	}
}

int main(int argc, char **argv)
{
	struct profile *p = NULL;
	struct folded_report rep;
	struct buf text, out;
	struct err err;
	double t;

	buf_init(&text, (size_t)4 << 30);
	buf_init(&out, (size_t)8 << 30);
	if (argc > 1 && fs_read(argv[1], &text, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	if (argc < 2)
		make_text(&text);
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
