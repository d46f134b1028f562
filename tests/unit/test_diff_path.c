// SPDX-License-Identifier: Apache-2.0
#include "diff/diff_path.h"

#include <errno.h>

#include "unit/profiles.h"
#include "unit/tap.h"

/* The path as "main;f", in a static buffer. */
static const char *path_of(const char *a, const char *b, const char *process)
{
	static char text[256];
	struct profile *pa = profile_of(PROFILE_NANOSECONDS, 10, a);
	struct profile *pb = profile_of(PROFILE_NANOSECONDS, 10, b);
	struct diff_path path;
	struct diff *d;
	int r;

	must(diff_new(pa, pb, NULL, &d), "diff");
	text[0] = '\0';
	r = diff_path(d, str_of(process), &path);
	if (r)
		(void)snprintf(text, sizeof(text), "error %s", strerror(-r));
	for (size_t i = 0; !r && i < path.cnt; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ";" : "",
			       diff_name(d, path.nodes[i]).p);
	}
	if (!r)
		diff_path_release(&path);
	diff_free(d);
	profile_free(pa);
	profile_free(pb);
	return text;
}

int main(void)
{
	is_str(path_of("p;main;steady 100", "p;main;steady 100\np;main;job;sort 500", "p"),
	       "main;job;sort", "down to the leaf that carries it all");
	is_str(path_of("p;main;x 1", "p;main;job;sort 300\np;main;job;hash 300\np;main;x 1", "p"),
	       "main;job", "it ends where the change splits");
	is_str(path_of("p;main;x 500", "p;main;x 450\np;main;job 500", "p"), "main;job",
	       "a child may carry more than its parent");
	is_str(path_of("p;f 1", "p;f;g 850\np;f;h 150\np;f;g;i 10", "p"), "f;g",
	       "85 of 100 is enough");
	is_str(path_of("", "p;f;a 10000\np;f;b 1000\np;f;a;c 9000\np;f;a;c;d 7000", "p"), "f;a",
	       "compared with the process, not with the parent");
	is_str(path_of("p;main;job 500\nq;x 1", "p;main;job 100\nq;x 1", "p"), "main;job",
	       "the path of a fall");
	is_str(path_of("", "p;main 19", "p"), "", "19 samples are too few");
	is_str(path_of("", "p;main 20", "p"), "main", "20 are enough");
	is_str(path_of("p;main 50", "p;main 50", "p"), "", "no change, no path");
	is_str(path_of("", "p 100", "p"), "", "a process without stacks has none");
	is_str(path_of("p;f 1", "p;f 2", "nobody"), "error No such file or directory",
	       "a process that neither side knows");
	is_str(path_of("", "p;r;r;r 300", "p"), "r;r;r", "recursion is walked frame by frame");
	return tap_done();
}
