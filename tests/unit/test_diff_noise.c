// SPDX-License-Identifier: Apache-2.0
/*
 * The oracle is the definition: all windows of a side are kept, their values added up one by one,
 * and the variance is taken from the residuals themselves.
 */
#include "diff/noise.h"

#include <math.h>

#include "diff/diff_tables.h"
#include "diff/replicates.h"
#include "unit/profiles.h"
#include "unit/tap.h"

#define MAX_WINDOWS 64

struct history {
	struct profile *w[MAX_WINDOWS];
	uint32_t cnt;
	struct profile *all;
};

static void merge(struct history *h)
{
	struct builder *b = builder_new(&builder_limits_file, h->w[0]->unit);

	for (uint32_t i = 0; i < h->cnt; i++)
		must(builder_add_profile(b, h->w[i], NULL), "merge");
	h->all = seal(b);
}

static void forget(struct history *h)
{
	for (uint32_t i = 0; i < h->cnt; i++)
		profile_free(h->w[i]);
	profile_free(h->all);
}

/* Each window is a replicate, unless `together` of them are. */
static struct diff *diff_of(const struct history *a, const struct history *b,
			    enum diff_normalise normalise, uint32_t together)
{
	const struct history *h[2] = {a, b};
	struct diff_options opt = {.normalise = normalise};
	struct replicates *r;
	struct diff *d;

	must(diff_new(a->all, b->all, &opt, &d), "diff");
	must(replicates_new(d, &opt, &r), "replicates");
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < h[side]->cnt; i++) {
			must(replicates_add(r, (enum diff_which)side, h[side]->w[i]), "window");
			if ((i + 1) % together == 0)
				replicates_cut(r, (enum diff_which)side);
		}
	must(replicates_finish(r), "finish");
	replicates_free(r);
	return d;
}

/* Weight in a profile below a path of the diff, looked up frame by frame. */
static double weight_at(const struct diff *d, uint32_t node, const struct profile *p, bool self)
{
	uint32_t path[64], depth = 0, stack[64], k;
	double sum = 0;

	for (uint32_t n = node; n; n = d->nodes[n].parent)
		path[depth++] = n;
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];

		k = 0;
		for (uint32_t n = s->node; n; n = p->nodes[n].parent)
			stack[k++] = p->frames[p->nodes[n].frame].name;
		if (k + 1 < depth || (self && k + 1 != depth))
			continue;
		if (depth && !str_eq(profile_label(p, s->series, STR_LIT("process")),
				     diff_name(d, path[depth - 1])))
			continue;
		for (uint32_t i2 = 1; i2 < depth; i2++)
			if (!str_eq(profile_str(p, stack[k - i2]),
				    diff_name(d, path[depth - 1 - i2])))
				goto next;
		sum += (double)s->weight;
	next:;
	}
	return sum;
}

/* By the definition of noise.h, in the diff's unit. */
static double variance(const struct diff *d, const struct history *h, enum diff_which side,
		       const double *w)
{
	double sum = 0, x_sum = 0, residuals = 0, x[MAX_WINDOWS];

	for (uint32_t i = 0; i < h->cnt; i++) {
		x[i] = d->normalised == DIFF_NORMALISE_TOTAL ? (double)h->w[i]->total
							     : (double)h->w[i]->length_ns;
		sum += w[i];
		x_sum += x[i];
	}
	for (uint32_t i = 0; i < h->cnt; i++)
		residuals += pow(w[i] - sum / x_sum * x[i], 2);
	return residuals * h->cnt / (h->cnt - 1) * pow(d->side[side].scale, 2);
}

static double expected(const struct diff *d, uint32_t n, const struct history *h[2], bool self)
{
	double sum = 0;

	for (int side = 0; side < 2; side++) {
		enum diff_which which = (enum diff_which)side;
		double w[MAX_WINDOWS], var, counted = 0, v, cnt;

		for (uint32_t i = 0; i < h[side]->cnt; i++)
			w[i] = weight_at(d, n, h[side]->w[i], self);
		var = variance(d, h[side], which, w);
		v = self ? diff_self(d, n, which) : diff_total(d, n, which);
		cnt = (double)diff_samples(d, n, which);
		if (self && cnt > 0)
			cnt *= v / diff_total(d, n, which);
		counted = cnt > 0 ? v * v / cnt : 0;
		sum += fmax(var, counted);
	}
	return sqrt(sum);
}

static void test_oracle(enum diff_normalise normalise)
{
	struct history a = {.cnt = 9}, b = {.cnt = 4};
	const struct history *h[2] = {&a, &b};
	uint32_t wrong = 0;
	struct diff *d;

	for (uint32_t i = 0; i < a.cnt; i++)
		a.w[i] = random_profile(i + 1, 20 + i, PROFILE_NANOSECONDS, 5 + i % 3);
	for (uint32_t i = 0; i < b.cnt; i++)
		b.w[i] = random_profile(i + 50, 40, PROFILE_NANOSECONDS, 10);
	merge(&a);
	merge(&b);
	d = diff_of(&a, &b, normalise, 1);
	ok(d->noise_basis == DIFF_NOISE_WINDOWS, "windows are the basis");
	is_u64(d->side[DIFF_A].replicate_cnt, 9, "nine of A");
	is_u64(d->side[DIFF_B].replicate_cnt, 4, "four of B");
	for (uint32_t n = 0; n < d->node_cnt; n++) {
		double total = expected(d, n, h, false), self = expected(d, n, h, true);

		wrong += fabs(diff_noise(d, n) - total) > 1e-6 * total + 1e-15;
		wrong += fabs(diff_self_noise(d, n) - self) > 1e-6 * self + 1e-15;
	}
	ok(wrong == 0, "%u nodes have the noise that all windows kept give", d->node_cnt);
	diff_free(d);
	forget(&a);
	forget(&b);
}

/* r calls itself, and q calls r: the function's own weights are those of all its nodes. */
static void test_functions(void)
{
	struct history a = {.cnt = 3}, b = {.cnt = 3};
	static const char *const lines[] = {"p;r;r;r 10\nq;r 5", "p;r;r 30\nq;r;x;r 7",
					    "p;r 20\nq;y 3"};
	const double r_total[] = {15, 37, 20};
	struct diff_table t;
	struct diff *d;
	double w[3], var;

	for (uint32_t i = 0; i < 3; i++) {
		a.w[i] = profile_of(PROFILE_NANOSECONDS, 10, lines[i]);
		b.w[i] = profile_of(PROFILE_NANOSECONDS, 10, "p;r 1");
		w[i] = r_total[i] * 1e7;
	}
	merge(&a);
	merge(&b);
	d = diff_of(&a, &b, DIFF_NORMALISE_AUTO, 1);
	var = variance(d, &a, DIFF_A, w);
	must(diff_functions(d, DIFF_BY_TOTAL, &t), "functions");
	for (size_t i = 0; i < t.cnt; i++)
		if (str_eq(t.rows[i].name, STR_LIT("r"))) {
			double of_b = pow(0.001, 2) / 3; /* equal windows: what counting makes */

			is_near(t.rows[i].noise[DIFF_BY_TOTAL], sqrt(var + of_b), 1e-9,
				"recursion counts once in a function's noise, too");
			ok(!t.rows[i].within_noise[DIFF_BY_TOTAL] ==
				   (fabs(diff_row_delta(&t.rows[i], DIFF_BY_TOTAL)) >
				    t.rows[i].noise[DIFF_BY_TOTAL] * noise_t(2)),
			   "two degrees of freedom");
		}
	diff_table_release(&t);
	diff_free(d);
	forget(&a);
	forget(&b);
}

static void test_quantile(void)
{
	is_near(noise_t(1), 12.706, 0.001, "t of 1 degree of freedom");
	is_near(noise_t(2.7), 4.303, 0.001, "2.7: as of 2");
	is_near(noise_t(3), 3.182, 0.005, "3");
	is_near(noise_t(5), 2.571, 0.001, "5");
	is_near(noise_t(10), 2.228, 0.001, "10");
	is_near(noise_t(30), 2.042, 0.001, "30");
	is_near(noise_t(INFINITY), 1.960, 0.001, "infinite: the normal distribution");
}

/* Sum of twelve uniform numbers: near enough normal. */
static double normal(uint32_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += test_random(state) / (double)(1 << 24);
	return sum;
}

static void fill_normal(struct history *h, uint32_t *state, uint32_t cnt, double level)
{
	h->cnt = cnt;
	for (uint32_t i = 0; i < cnt; i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "p;f %.0f", level * (1 + 0.1 * normal(state)));
		h->w[i] = profile_of(PROFILE_NANOSECONDS, 10, line);
	}
	merge(h);
}

/* How often is no change taken for one, and a change of half for none? In percent. */
static double share_outside(uint32_t cnt_a, uint32_t cnt_b, double level_b)
{
	uint32_t outside = 0, state = 7;

	for (int i = 0; i < 400; i++) {
		struct history a = {0}, b = {0};
		struct diff *d;

		fill_normal(&a, &state, cnt_a, 100000);
		fill_normal(&b, &state, cnt_b, level_b);
		d = diff_of(&a, &b, DIFF_NORMALISE_AUTO, 1);
		outside += !diff_within_noise(d, 0);
		diff_free(d);
		forget(&a);
		forget(&b);
	}
	return outside / 4.0;
}

static void test_coverage(void)
{
	double rate = share_outside(10, 5, 100000);

	ok(rate >= 2 && rate <= 8, "10 against 5 windows: 5 %% false alarms (%.1f)", rate);
	rate = share_outside(20, 1, 100000);
	ok(rate >= 2 && rate <= 8, "20 against 1, which borrows: 5 %% false alarms (%.1f)", rate);
	rate = share_outside(2, 2, 100000);
	ok(rate <= 8, "2 against 2: no more (%.1f)", rate);
	rate = share_outside(10, 5, 130000);
	ok(rate >= 95, "a change of three sigma is seen (%.1f)", rate);
}

static void test_basis(void)
{
	struct history a = {0}, b = {0};
	uint32_t state = 1;
	struct buf words;
	struct diff *d;

	fill_normal(&a, &state, 1, 1000);
	fill_normal(&b, &state, 1, 1000);
	d = diff_of(&a, &b, DIFF_NORMALISE_AUTO, 1);
	ok(d->noise_basis == DIFF_NOISE_COUNTING, "one window on each side: counting");
	ok(!d->scatter && !d->name_scatter, "and no memory for more");
	buf_init(&words, 1000);
	diff_add_noise_words(d, &words);
	is_str(buf_str(&words).p,
	       "Noise unknown: one window per side; only counting noise is considered.", "says so");
	buf_release(&words);
	diff_free(d);
	forget(&a);
	forget(&b);
	a = b = (struct history){0};
	fill_normal(&a, &state, 12, 1000);
	fill_normal(&b, &state, 12, 1000);
	d = diff_of(&a, &b, DIFF_NORMALISE_AUTO, 4);
	is_u64(d->side[DIFF_A].replicate_cnt, 3, "four windows can be one measurement");
	diff_free(d);
	forget(&a);
	forget(&b);
}

/* Sides swapped: the same noise. */
static void test_symmetry(void)
{
	struct history a = {.cnt = 6}, b = {.cnt = 3};
	uint32_t lopsided = 0;
	struct diff *ab, *ba;

	for (uint32_t i = 0; i < a.cnt; i++)
		a.w[i] = random_profile(i + 9, 30, PROFILE_NANOSECONDS, 5);
	for (uint32_t i = 0; i < b.cnt; i++)
		b.w[i] = random_profile(i + 80, 30, PROFILE_NANOSECONDS, 7);
	merge(&a);
	merge(&b);
	ab = diff_of(&a, &b, DIFF_NORMALISE_AUTO, 1);
	ba = diff_of(&b, &a, DIFF_NORMALISE_AUTO, 1);
	for (uint32_t n = 0; n < ab->node_cnt; n++)
		lopsided += diff_noise(ab, n) != diff_noise(ba, n) ||
			    diff_within_noise(ab, n) != diff_within_noise(ba, n) ||
			    diff_self_noise(ab, n) != diff_self_noise(ba, n) ||
			    diff_delta(ab, n) != -diff_delta(ba, n);
	is_u64(ab->node_cnt, ba->node_cnt, "sides swapped: the same tree");
	is_u64(lopsided, 0, "the opposite changes and the same noise");
	diff_free(ab);
	diff_free(ba);
	forget(&a);
	forget(&b);
}

/* A window that the diff does not know is no harm. */
static void test_stranger(void)
{
	struct history a = {0}, b = {0};
	struct profile *stranger = profile_of(PROFILE_NANOSECONDS, 10, "x;y 3\np;z 4\np;f;g 2");
	struct diff_options opt = {.normalise = DIFF_NORMALISE_AUTO};
	uint32_t state = 1;
	struct replicates *r;
	struct diff *d;

	fill_normal(&a, &state, 2, 1000);
	fill_normal(&b, &state, 2, 1000);
	must(diff_new(a.all, b.all, &opt, &d), "diff");
	must(replicates_new(d, &opt, &r), "replicates");
	must(replicates_add(r, DIFF_A, stranger), "stranger");
	replicates_cut(r, DIFF_A);
	replicates_cut(r, DIFF_A);
	must(replicates_add(r, DIFF_A, a.w[0]), "window");
	must(replicates_finish(r), "finish");
	is_u64(d->side[DIFF_A].replicate_cnt, 2, "it is a stretch of time with nothing known");
	ok(diff_noise(d, 0) > 0, "and there is noise");
	replicates_free(r);
	diff_free(d);
	profile_free(stranger);
	forget(&a);
	forget(&b);
}

int main(void)
{
	test_oracle(DIFF_NORMALISE_AUTO);
	test_oracle(DIFF_NORMALISE_NONE);
	test_oracle(DIFF_NORMALISE_TOTAL);
	test_functions();
	test_quantile();
	test_coverage();
	test_basis();
	test_stranger();
	test_symmetry();
	return tap_done();
}
