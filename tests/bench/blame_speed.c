// SPDX-License-Identifier: Apache-2.0
/*
 * blame_speed - how long a verdict over 500 processes x 7 days of 10 s windows takes, with incidents of
 * 5 min and of 20 s. How often verdicts are right is measured by tests/accuracy.
 */
#include <time.h>

#include "unit/blame_world.h"

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool measure(double incident_s)
{
	struct world_opts o = {
		.seed = 1,
		.services = 490,
		.rare = 10,
		.windows = 60480,
		.window_s = 10,
		.cpus = 32,
		.incident_s = incident_s,
		.culprit = 2,
		.k = 5,
	};
	struct verdict *v = NULL;
	struct world w;
	double start;

	if (world_make(&w, &o)) {
		start = now_s();
		v = world_blame(&w);
		start = now_s() - start;
	}
	if (v)
		printf("500 processes x 7 days of 10 s windows, incidents of %g s: %.3f s, %s, p "
		       "%.4g\n",
		       incident_s, start, verdict_kind_name(v->kind),
		       v->suspect_cnt ? v->suspects[0].p_adj : 1);
	world_release(&w);
	verdict_free(v);
	return v;
}

int main(void)
{
	return measure(300) && measure(20) ? 0 : 2;
}
