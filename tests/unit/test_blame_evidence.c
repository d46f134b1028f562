// SPDX-License-Identifier: Apache-2.0
#include "blame/evidence.h"

#include <math.h>

#include "blame/decide.h"
#include "blame/score.h"
#include "unit/tap.h"

static void test_tail(void)
{
	is_near(evidence_tail(0, 288, 1), 0.5 / 289, 1e-12, "never busy: half a block of the lot");
	is_near(evidence_tail(29, 288, 1), 29.5 / 289, 1e-12, "busy in a tenth");
	is_near(evidence_tail(288, 288, 1), 288.5 / 289, 1e-12, "always busy");
	is_near(evidence_tail(0, 0, 1), 0.5, 1e-12, "no history: nobody knows");
	is_near(evidence_tail(0, 100, 0.1), 0.5 / 11, 1e-12, "alike blocks count for fewer");
	is_near(evidence_tail(50, 100, 0.1), 5.5 / 11, 1e-12, "…and leave the share what it is");
	is_near(evidence_tail_near(0, 20, 0.01), 0.05 / 25, 1e-12, "nothing near says little");
	is_near(evidence_tail_near(10, 20, 0.01), 10.05 / 25, 1e-12, "half of what is near counts");
}

static void test_bf(void)
{
	double cap = log(0.85 * 289 / 0.5);

	is_near(evidence_log_bf(0.5 / 289, 1, 0), cap, 1e-9, "a day of 5 min blocks: 6.2 nats");
	ok(cap > 6.19 && cap < 6.21, "…as stated");
	ok(evidence_log_bf(0.5 / 289, 1, 0) < evidence_threshold(500, 0.05),
	   "one incident cannot link");
	is_near(evidence_log_bf(0.1, 3, 1), 3 * log(8.5) + log(0.15 / 0.9), 1e-9,
		"three hits, one miss");
	ok(evidence_log_bf(0.99, 0, 5) <= 0, "misses of a busy process never count in favour");
	ok(evidence_log_bf(1, 5, 0) < 0, "a process that is always busy has no tie");
	is_near(evidence_choice_cost(1), 0, 1e-12, "no choice with one");
	is_near(evidence_choice_cost(5), log(3), 1e-12, "three with five");
}

/* The worked numbers of step C. */
static void test_busy(void)
{
	uint32_t busy = 1;

	is_near(evidence_busy_from(2, 1), 1.85, 1e-12, "what it takes anyway is not cut off");
	is_near(evidence_busy_from(2, 0), 1.7, 1e-12, "one that comes and goes");
	is_near(evidence_busy_from(0.8, 1), 0.8, 1e-12, "no rise, no margin");
	is_near(evidence_excuse(1, &busy), 0, 1e-12, "one busy time for one miss: free");
	is_u64(busy, 0, "…and gone");
	busy = 3;
	is_near(evidence_excuse(1, &busy), log(2.5), 1e-12, "one of three: two and a half to one");
	busy = 3;
	is_near(evidence_excuse(5, &busy), log(2.5) + log(1.5), 1e-12, "two at most");
	is_u64(busy, 1, "…of three");
	is_near(evidence_log_bf(evidence_tail(1, 19, 1), 4, 1) - evidence_choice_cost(5), 6.8, 0.05,
		"four of five, one of 19 quiet times busy");
	is_near(evidence_log_bf(evidence_tail(0, 19, 1), 4, 1) - evidence_choice_cost(5), 11.1, 0.1,
		"…which is the one without a label");
}

static void test_rank_by_clock(void)
{
	is_near(evidence_for_rank(0.4, 15), 0.4 + log(20), 1e-3, "tied but for the clock: 3 nats");
	is_near(evidence_for_rank(0.4, 0.4), 0.4, 1e-12, "not tied at all: nothing");
	is_near(evidence_for_rank(5, 3), 5, 1e-12, "the phases do not object");
	is_near(evidence_for_rank(0, 2), -log(0.05 + 0.95 * exp(-2)), 1e-12, "and in between");
}

static void test_luck(void)
{
	is_near(evidence_luck(0.1, 1e6, 3, 0), 0.001, 1e-6, "three of three");
	is_near(evidence_luck(0.1, 1e6, 2, 1), 3 * 0.01 * 0.9 + 0.001, 1e-6,
		"two or more of three");
	is_near(evidence_luck(0.1, 1e6, 0, 4), 1, 1e-9, "any number");
	is_near(evidence_luck(1, 1e6, 5, 0), 1, 1e-6, "a steady process matches, once");
	ok(evidence_luck(0, 1e6, 5, 0) < 1e-10, "never");
	is_near(evidence_luck(0.5 / 13, 12, 3, 0), 0.5 * 1.5 * 2.5 / (13 * 14 * 15), 1e-9,
		"a short history: more than f^3");
}

/* The table of the design: recurrences needed by f, for N processes. */
static void test_needed(void)
{
	static const double f[] = {0.5, 0.2, 0.1, 0.05, 0.01, 0.005};
	static const int64_t plain[] = {13, 6, 4, 3, 2, 2};
	static const int64_t eps[] = {17, 6, 5, 4, 2, 2};
	static const int64_t many[] = {21, 8, 6, 4, 3, 3};

	for (int i = 0; i < 6; i++) {
		is_i64(evidence_recurrences(300, f[i], 0, 0.05), plain[i], "N=300 eps=0 f=%g",
		       f[i]);
		is_i64(evidence_recurrences(300, f[i], 0.15, 0.05), eps[i], "N=300 f=%g", f[i]);
		is_i64(evidence_recurrences(3000, f[i], 0.15, 0.05), many[i], "N=3000 f=%g", f[i]);
	}
	is_i64(evidence_recurrences(300, 0.9, 0.15, 0.05), -1, "no number would do");
	is_i64(evidence_recurrences_to_link(300, 0.85, 0.05), -1, "…by the rule that links");
	is_i64(evidence_recurrences_to_link(10, 1e-9, 0.05), 2, "one is never enough");
	for (int i = 0; i < 6; i++) {
		int64_t k = evidence_recurrences_to_link(300, f[i], 0.05);
		double need = evidence_threshold(300, 0.05);

		ok(evidence_log_bf(f[i], (unsigned int)k, 0) -
				   evidence_choice_cost((unsigned int)k) >=
			   need,
		   "what is promised for f=%g links", f[i]);
	}
}

static void test_named_after(void)
{
	int64_t k = evidence_recurrences_to_name(300, 0.5 / 22, 21, 0.05);

	is_i64(k, 4, "twenty-one blocks, never busy: four");
	ok(evidence_false_matches(300, 0.5 / 22, 21, 4, 0) <= 0.05 &&
		   evidence_false_matches(300, 0.5 / 22, 21, 3, 0) > 0.05,
	   "…three could be luck");
	is_i64(evidence_recurrences_to_name(300, 0.9, 200, 0.05), -1, "never");
	is_near(evidence_false_matches(1, 0.5, 10, 3, 0), 0, 0, "no others, no lucky ones");
	is_near(evidence_false_matches(101, 1, 1e6, 5, 0), 100, 1e-3,
		"of a steady process everybody is one, once");
}

static void test_history(void)
{
	double blocks = evidence_blocks_to_name(300, 3, 0.05);
	double few = blocks * 0.9;

	ok(evidence_false_matches(300, 0.5 / (blocks + 1), blocks, 3, 0) <= 0.05,
	   "so many blocks do");
	ok(evidence_false_matches(300, 0.5 / (few + 1), few, 3, 0) > 0.05 ||
		   evidence_log_bf(0.5 / (few + 1), 3, 0) <
			   evidence_threshold(300, 0.05) + evidence_choice_cost(3),
	   "…fewer do not");
	is_near(evidence_blocks_to_name(300, 1, 0.05), 0, 0, "no history makes one incident do");
}

static void test_quantile(void)
{
	double v[] = {5, 1, 4, 2, 3}, same[100], mixed[101];

	is_near(score_quantile(v, 5, 0.5), 3, 0, "median of five");
	is_near(score_quantile(v, 5, 0.1), 1.4, 1e-12, "between two");
	is_near(score_quantile(v, 5, 1), 5, 0, "the largest");
	is_near(score_quantile(v, 5, 0), 1, 0, "the smallest");
	is_near(score_quantile(v, 0, 0.5), 0, 0, "of nothing");
	for (int i = 0; i < 100; i++)
		same[i] = 7;
	is_near(score_quantile(same, 100, 0.37), 7, 0, "of equal ones");
	for (int q = 0; q <= 100; q++) {
		for (int i = 0; i <= 100; i++)
			mixed[i] = (i * 37) % 101;
		if (score_quantile(mixed, 101, q / 100.0) - q > 1e-9 ||
		    q - score_quantile(mixed, 101, q / 100.0) > 1e-9)
			break;
		if (q == 100)
			ok(true, "every quantile of a shuffled run");
	}
}

static struct rank rank_of(uint32_t entity, double log_bf, double f, uint32_t hits, double delta)
{
	struct rank r = {.entity = entity};

	r.score.with = (struct linkage){
		.log_bf = log_bf, .f = f, .blocks = 200, .hits = hits, .runs = hits};
	r.score.without = r.score.with;
	r.score.delta = r.score.delta_hit = delta;
	return r;
}

static struct decision decision_of(uint32_t recurrences)
{
	return (struct decision){
		.allowed_error = 0.05,
		.entity_cnt = 100,
		.recurrences = recurrences,
		.block_cnt = 200,
		.capacity = 8,
		.rise = 2,
		.noise = 0.5,
	};
}

static void test_posterior(void)
{
	struct rank r[100];
	struct decision d = decision_of(4);
	double threshold = log(2000), cap = exp(threshold + DECIDE_CAP), w, sum = 0;
	size_t listed;

	for (uint32_t i = 0; i < 100; i++)
		r[i] = rank_of(i, i ? -3 : 30, i ? 0.9 : 0.003, 4, i ? 0.001 : 1.5);
	decide_rank(&d, r, 100);
	w = (1 - DECIDE_PI0) / 100 * cap * 1.5 / 1.599;
	for (int i = 0; i < 100; i++)
		sum += r[i].posterior;
	is_near(r[0].posterior, w / (w + DECIDE_PI0), 1e-4,
		"the prior of something unsampled takes part");
	ok(sum < 1, "…and the rest is its");
	is_near(r[0].e_false, 99 * 3 * evidence_luck(0.003, 200, 4, 0), 1e-12,
		"lucky innocents: N-1 times the chance, times the choices");
	is_u64(decide_kind(&d, r, 100, &listed), VERDICT_NAMED, "one stands out: named");
	is_u64(listed, 1, "…and alone on the list");
	d.recurrences = 1;
	r[0].score.with.runs = r[0].score.with.hits = 1;
	is_u64(decide_kind(&d, r, 100, &listed), VERDICT_NEED_MORE, "never by one incident");
}

static void test_kinds(void)
{
	struct rank r[3] = {
		rank_of(0, 12, 0.003, 4, 0.9),
		rank_of(1, 12, 0.003, 4, 0.9),
		rank_of(2, 0.5, 0.5, 2, 0.2),
	};
	struct decision d = decision_of(4);
	size_t listed;

	decide_rank(&d, r, 3);
	is_u64(decide_kind(&d, r, 3, &listed), VERDICT_SHORTLIST, "two alike: a short list");
	is_u64(listed, 2, "…of the two");
	ok(r[0].entity == 0 && r[1].entity == 1, "equals in order of name");
	r[0].score.with.log_bf = r[1].score.with.log_bf = 2;
	r[0].score.phase_busy = r[1].score.phase_busy = 9;
	decide_rank(&d, r, 3);
	ok(r[0].clock_shared && !r[0].linked, "linked only without the phases");
	is_u64(decide_kind(&d, r, 3, &listed), VERDICT_SCHEDULE_CONFOUNDED, "the schedule");
	r[0].score.phase_busy = r[1].score.phase_busy = 0;
	is_u64(decide_kind(&d, r, 3, &listed), VERDICT_NEED_MORE,
	       "idle at the other phases: only recurrences are wanting");
	d.rise = 0.4;
	r[0].score.delta = r[1].score.delta = 0.1;
	is_u64(decide_kind(&d, r, 3, &listed), VERDICT_CPU_DID_NOT_RISE, "no rise");
	d.block_cnt = 2;
	is_u64(decide_kind(&d, r, 3, &listed), VERDICT_NEED_MORE, "no history: no such claim");
	is_i64(decide_needed(&d, NULL), evidence_recurrences_to_name(100, 0.5 / 3, 2, 0.05),
	       "nobody leads: what the history allows");
}

/* What stands only because a busy time was taken for an incident without a label. */
static void test_excused(void)
{
	struct rank r[2] = {rank_of(0, 12, 0.05, 3, 0.9), rank_of(1, 1, 0.5, 2, 0.8)};
	struct decision d = decision_of(4);
	size_t listed;

	r[0].score.with.misses = 1;
	r[0].score.with.plain = 6;
	decide_rank(&d, r, 2);
	ok(!r[0].linked && !r[0].clock_shared && r[0].e_false > 0.05,
	   "E_false objects: not linked");
	is_u64(decide_kind(&d, r, 2, &listed), VERDICT_NEED_MORE, "…no short list");
	ok(listed && !r[0].entity, "…but who leads is told");
	r[0].score.with.f = 0.002;
	decide_rank(&d, r, 2);
	ok(r[0].linked, "E_false allows it: linked");
	r[0].score.with.f = 0.05;
	r[0].score.with.plain = 12;
	decide_rank(&d, r, 2);
	ok(r[0].linked, "as tied without it: linked, whatever E_false says");
	/* the phases leave nothing, and nobody a posterior worth a line */
	for (int i = 0; i < 2; i++) {
		r[i].score.with.log_bf = r[i].score.with.plain = -6 + i;
		r[i].score.without.log_bf = -6 + i;
	}
	decide_rank(&d, r, 2);
	is_u64(decide_kind(&d, r, 2, &listed), VERDICT_NEED_MORE, "no evidence for anybody");
	is_u64(listed, 1, "…but a rise worth naming is told");
}

int main(void)
{
	test_tail();
	test_bf();
	test_busy();
	test_rank_by_clock();
	test_luck();
	test_needed();
	test_named_after();
	test_history();
	test_quantile();
	test_posterior();
	test_kinds();
	test_excused();
	return tap_done();
}
