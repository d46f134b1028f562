// SPDX-License-Identifier: Apache-2.0
#include "blame/decide.h"

#include <math.h>
#include <stdlib.h>

#include "blame/evidence.h"

#define MAX_LISTED	   5
#define MIN_POSTERIOR	   DECIDE_SURE
#define MIN_NODE_SHARE	   0.02
#define MIN_RISE_SHARE	   0.1
#define SMALL_NODE_SHARE   0.01 /* a linked rise that is too small to be named, but is there */
#define MIN_BLOCKS	   3	/* with fewer there is no history to speak of */
#define MIN_LISTED	   0.01 /* posterior below which a bystander is not worth a line */
#define OPEN_PHASE_TAIL	   0.05 /* phases enough to say that the schedule is not the cause */
#define PROMISING_EVIDENCE 0.5	/* of the threshold: half way to being linked */

static bool can_link(const struct decision *d)
{
	return d->block_cnt >= MIN_BLOCKS;
}

static int best_first(const void *va, const void *vb)
{
	const struct rank *a = va, *b = vb;

	if (a->s != b->s)
		return a->s > b->s ? -1 : 1;
	return (a->entity > b->entity) - (a->entity < b->entity);
}

static void rank_one(const struct decision *d, struct rank *r, double rise, double threshold)
{
	const struct score *sc = &r->score;
	double evidence = sc->with.log_bf;

	r->s = -INFINITY;
	r->linked = r->clock_shared = false;
	r->e_false = d->entity_cnt > 1 ? d->entity_cnt - 1.0 : 0;
	if (sc->delta_hit <= 0 || evidence == -INFINITY)
		return;
	r->e_false = evidence_false_matches(d->entity_cnt, sc->with.f, sc->with.blocks,
					    sc->with.runs, sc->with.misses);
	if (d->choices > 1)
		r->e_false = fmin(d->entity_cnt - 1.0, r->e_false * d->choices);
	if (can_link(d)) {
		r->linked = evidence >= threshold &&
			    (sc->with.plain >= threshold || r->e_false <= d->allowed_error);
		r->clock_shared = evidence < threshold && sc->without.log_bf >= threshold;
	}
	evidence = evidence_for_rank(evidence, sc->without.log_bf);
	if (evidence > threshold + DECIDE_CAP)
		evidence = threshold + DECIDE_CAP;
	r->s = evidence + log(sc->delta_hit / rise) + r->dir.onset + r->dir.dose +
	       r->dir.displacement + r->dir.signature - r->elsewhere;
	r->reacts = r->linked &&
		    (-r->dir.onset >= DECIDE_REACTS || r->dir.after_loss > DECIDE_AFTER_LOSS);
}

/*
 * Step D. Prior: PI0 for what was not sampled, the rest shared among the processes by how much of
 * the rise is theirs; likelihood: the tie to the incidents. All processes take part, so that many
 * weak ties together can outweigh one.
 */
void decide_rank(const struct decision *d, struct rank *ranks, size_t cnt)
{
	double threshold = evidence_threshold(d->entity_cnt, d->allowed_error);
	double rise = 0, sum = DECIDE_PI0;

	for (size_t i = 0; i < cnt; i++)
		rise += ranks[i].score.delta_hit;
	for (size_t i = 0; i < cnt; i++)
		rank_one(d, &ranks[i], rise, threshold);
	qsort(ranks, cnt, sizeof(*ranks), best_first);
	for (size_t i = 0; i < cnt; i++) {
		ranks[i].posterior = (1 - DECIDE_PI0) / (double)cnt * exp(ranks[i].s);
		sum += ranks[i].posterior;
	}
	for (size_t i = 0; i < cnt; i++)
		ranks[i].posterior /= sum;
}

double decide_least_rise(const struct decision *d)
{
	double by_node = MIN_NODE_SHARE * d->capacity, by_rise = MIN_RISE_SHARE * d->rise;

	return by_node > by_rise ? by_node : by_rise;
}

/* Nothing stands out of what the machine does anyway, neither all together nor one of them. */
static bool did_not_rise(const struct decision *d, const struct rank *ranks, size_t cnt)
{
	double half = PROMISING_EVIDENCE * evidence_threshold(d->entity_cnt, d->allowed_error);
	double small = d->capacity > 0 ? SMALL_NODE_SHARE * d->capacity : decide_least_rise(d);

	if (!can_link(d) || d->rise > d->noise)
		return false;
	for (size_t i = 0; i < cnt; i++)
		if (ranks[i].score.without.log_bf >= half &&
		    ranks[i].score.delta >= (ranks[i].linked ? small : decide_least_rise(d)))
			return false;
	return true;
}

bool decide_is_common(const struct decision *d, const struct rank *r)
{
	double most = d->p_floor > d->allowed_error ? d->p_floor : d->allowed_error;

	return d->p_floor > 0 && r->p_adj > most * (1 + 1e-9);
}

static bool is_named(const struct decision *d, const struct rank *r)
{
	return r->linked && !r->reacts && !r->dir.late && !decide_is_common(d, r) &&
	       d->recurrences >= 2 && r->score.with.runs >= 2 && r->posterior >= MIN_POSTERIOR &&
	       r->e_false <= d->allowed_error && r->score.delta >= decide_least_rise(d);
}

static size_t worth_listing(const struct decision *d, const struct rank *ranks, size_t cnt)
{
	size_t n = 0;

	if (!d->block_cnt) /* all that runs at all would seem to have risen */
		return 0;
	while (n < cnt && n < MAX_LISTED && ranks[n].posterior >= MIN_LISTED)
		n++;
	return n;
}

static size_t shortlist(const struct rank *ranks, size_t cnt)
{
	double sum = 0;
	size_t n = 0;

	while (n < cnt && n < MAX_LISTED && ranks[n].linked && sum < MIN_POSTERIOR)
		sum += ranks[n++].posterior;
	return n;
}

/* The one whose tie is undone by the schedule, when it would otherwise have come first. */
static const struct rank *clock_suspect(const struct rank *ranks, size_t cnt)
{
	const struct rank *best = NULL;

	for (size_t i = 0; i < cnt; i++)
		if (ranks[i].clock_shared &&
		    (!best || ranks[i].score.delta_hit > best->score.delta_hit))
			best = &ranks[i];
	return best;
}

/*
 * Seen idle at that phase often enough, so that only the number of recurrences is wanting: then it
 * is not the schedule that stands in the way.
 */
static bool schedule_is_ruled_out(const struct rank *r)
{
	return !r->score.phase_busy && r->score.with.f <= OPEN_PHASE_TAIL;
}

enum verdict_kind decide_kind(const struct decision *d, const struct rank *ranks, size_t cnt,
			      size_t *ret_listed)
{
	const struct rank *clock = clock_suspect(ranks, cnt);

	*ret_listed = worth_listing(d, ranks, cnt);
	if (did_not_rise(d, ranks, cnt))
		return VERDICT_CPU_DID_NOT_RISE;
	if (cnt && is_named(d, &ranks[0]))
		return VERDICT_NAMED;
	if (cnt && ranks[0].linked && d->recurrences >= 2) {
		*ret_listed = shortlist(ranks, cnt);
		return VERDICT_SHORTLIST;
	}
	if (clock && clock->score.delta >= decide_least_rise(d) && !schedule_is_ruled_out(clock))
		return VERDICT_SCHEDULE_CONFOUNDED;
	/* who leads is worth a line, however little that is worth yet */
	if (!*ret_listed && d->block_cnt && cnt && ranks[0].score.delta > 0 &&
	    ranks[0].score.delta >= decide_least_rise(d))
		*ret_listed = 1;
	return VERDICT_NEED_MORE;
}

int64_t decide_needed(const struct decision *d, const struct rank *first)
{
	double f = first ? first->score.with.f : evidence_tail(0, d->block_cnt, 1);
	double blocks = first ? first->score.with.blocks : d->block_cnt;
	int64_t name = evidence_recurrences_to_name(d->entity_cnt, f, blocks, d->allowed_error);
	int64_t formula = evidence_recurrences(d->entity_cnt, f, BLAME_EPS, d->allowed_error);

	if (name < 0 || formula < 0)
		return -1;
	if (formula > name)
		name = formula;
	return name > (int64_t)d->recurrences ? name : (int64_t)d->recurrences + 1;
}
