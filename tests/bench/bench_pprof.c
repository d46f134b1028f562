// SPDX-License-Identifier: Apache-2.0
/*
 * How fast a pprof file is written, one core: bench_pprof FILE. Lines "plain MB/s bytes" and "gzip MB/s bytes"; the MB are
 * those before gzip.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fs.h"
#include "format/pprof.h"

#define SECONDS 2

/* CPU time: other programs may be running. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int write_once(const struct profile *p, bool plain, struct buf *out)
{
	const struct pprof_write_opts opts = {.plain = plain};

	buf_clear(out);
	return pprof_write(p, &opts, out);
}

static int measure(const char *what, const struct profile *p, bool plain, size_t bytes,
		   struct buf *out)
{
	double begin = now();
	size_t rounds = 0;

	for (; now() - begin < SECONDS; rounds++)
		if (write_once(p, plain, out))
			return 2;
	printf("%s %.1f %zu\n", what, (double)bytes * (double)rounds / 1e6 / (now() - begin),
	       out->len);
	return 0;
}

int main(int argc, char **argv)
{
	struct profile *p = NULL;
	struct buf text, out;
	struct err err;
	size_t bytes;
	int r;

	buf_init(&text, (size_t)1 << 30);
	buf_init(&out, (size_t)1 << 30);
	if (argc != 2 || fs_read(argv[1], &text, &err) ||
	    pprof_read(buf_str(&text), NULL, &p, NULL, &err)) {
		fprintf(stderr, "bench_pprof: %s\n", argc == 2 ? err.text : "want FILE");
		return 2;
	}
	r = write_once(p, true, &out);
	bytes = out.len;
	if (!r)
		r = measure("plain", p, true, bytes, &out);
	if (!r)
		r = measure("gzip", p, false, bytes, &out);
	profile_free(p);
	buf_release(&text);
	buf_release(&out);
	return r ? 2 : 0;
}
