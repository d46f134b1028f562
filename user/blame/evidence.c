// SPDX-License-Identifier: Apache-2.0
#include "blame/evidence.h"

#include <math.h>

#define NEAR_STRENGTH 5.0 /* blocks that the whole history is worth beside a small set */
#define MAX_BLOCKS    1e6
#define CLOCK_SHARE   0.05 /* of processes that keep any one clock */
#define MAX_NEEDED    1000 /* more recurrences than this is "never" to a person */

static double clamp(double v, double low, double high)
{
	return v < low ? low : v > high ? high : v;
}

double evidence_busy_from(double level, double usual)
{
	return level > usual ? usual + EVIDENCE_MARGIN * (level - usual) : level;
}

double evidence_excuse_cost(uint32_t left)
{
	return left ? log(left + 0.5) : 0;
}

double evidence_excuse(uint32_t misses, uint32_t *busy)
{
	double cost = 0;

	for (uint32_t i = 0; i < misses && i < EVIDENCE_EXCUSES && *busy; i++)
		cost += evidence_excuse_cost(--*busy);
	return cost;
}

double evidence_tail(double busy, double blocks, double weight)
{
	if (blocks <= 0)
		return 0.5;
	return clamp((0.5 + busy * weight) / (1 + blocks * weight), 0, 1);
}

double evidence_tail_near(double busy, double blocks, double f_all)
{
	return clamp((busy + NEAR_STRENGTH * f_all) / (blocks + NEAR_STRENGTH), 0, 1);
}

double evidence_log_bf(double f, unsigned int hits, unsigned int misses)
{
	double miss = log(BLAME_EPS / clamp(1 - f, 1e-9, 1));

	return hits * log((1 - BLAME_EPS) / clamp(f, 1e-12, 1)) + misses * (miss < 0 ? miss : 0);
}

double evidence_for_rank(double with, double without)
{
	if (!(without > with))
		return with;
	return with - log(CLOCK_SHARE + (1 - CLOCK_SHARE) * exp(with - without));
}

static double log_beta(double a, double b)
{
	return lgamma(a) + lgamma(b) - lgamma(a + b);
}

double evidence_luck(double f, double blocks, unsigned int hits, unsigned int misses)
{
	unsigned int n = hits + misses;
	double a = clamp(f, 1e-9, 1 - 1e-9) * (blocks + 1), b = blocks + 1 - a, sum = 0;

	for (unsigned int i = hits; i <= n; i++)
		sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) +
			   log_beta(i + a, n - i + b) - log_beta(a, b));
	return clamp(sum, 0, 1);
}

double evidence_choice_cost(unsigned int recurrences)
{
	return log(1 + floor(recurrences / 2.0));
}

double evidence_threshold(uint32_t entities, double allowed_error)
{
	return log((entities ? entities : 1) / allowed_error);
}

int64_t evidence_recurrences(uint32_t entities, double f, double eps, double allowed_error)
{
	double odds = (entities > 1 ? entities - 1.0 : 1) * (1 - allowed_error) / allowed_error;
	double each = log((1 - eps) / clamp(f, 1e-12, 1));
	double n;

	if (each <= 0)
		return -1;
	n = ceil(log(odds) / each);
	return n > MAX_NEEDED ? -1 : n < 1 ? 1 : (int64_t)n;
}

int64_t evidence_recurrences_to_link(uint32_t entities, double f, double allowed_error)
{
	double need = evidence_threshold(entities, allowed_error);

	for (unsigned int k = 2; k <= MAX_NEEDED; k++)
		if (evidence_log_bf(f, k, 0) - evidence_choice_cost(k) >= need)
			return k;
	return -1;
}

double evidence_false_matches(uint32_t entities, double f, double blocks, unsigned int hits,
			      unsigned int misses)
{
	double others = entities > 1 ? entities - 1.0 : 0;

	return others * clamp(exp(evidence_choice_cost(hits + misses)) *
				      evidence_luck(f, blocks, hits, misses),
			      0, 1);
}

int64_t evidence_recurrences_to_name(uint32_t entities, double f, double blocks,
				     double allowed_error)
{
	int64_t k = evidence_recurrences_to_link(entities, f, allowed_error);

	for (; k > 0 && k <= MAX_NEEDED; k++)
		if (evidence_false_matches(entities, f, blocks, (unsigned int)k, 0) <=
		    allowed_error)
			return k;
	return -1;
}

double evidence_blocks_to_name(uint32_t entities, unsigned int recurrences, double allowed_error)
{
	double need = evidence_threshold(entities, allowed_error);
	double f, blocks;

	if (recurrences < 2)
		return 0;
	f = (1 - BLAME_EPS) / exp((need + evidence_choice_cost(recurrences)) / recurrences);
	blocks = 0.5 / f - 1;
	while (blocks < MAX_BLOCKS && evidence_false_matches(entities, 0.5 / (blocks + 1), blocks,
							     recurrences, 0) > allowed_error)
		blocks *= 1.05;
	return blocks < MAX_BLOCKS ? blocks : 0;
}
