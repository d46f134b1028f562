// SPDX-License-Identifier: Apache-2.0
#include "agent/keeper.h"

#include <stdlib.h>
#include <string.h>

#include "agent/stamps.h"
#include "base/log.h"
#include "model/timeline.h"
#include "store/store.h"

struct keeper {
	struct store *store;
	const struct clock *clock;
	struct profile *waiting[KEEPER_MAX_WAITING]; /* oldest first */
	struct keeper_stats stats;
	struct stamps stamps;
	uint64_t unreported; /* samples given up that no stored window tells of yet */
	uint64_t retained_at_ns;
	uint64_t trusted_at_ns; /* from then on windows age by the wall clock */
	uint64_t max_bytes;
	bool failing;
	keeper_next_fn next;
	void *next_arg;
};

/* The end of the latest window of the last day or later. Else 0. */
static int64_t newest_lately(struct store *store, int64_t now_ns)
{
	const struct time_range lately = {now_ns - (int64_t)KEEPER_AHEAD_NS, INT64_MAX};
	struct timeline *t = NULL;
	int64_t newest_ns = 0;

	if (store_timeline(store, lately, NULL, LABEL_PROCESS, &t, NULL))
		return 0;
	for (uint32_t i = 0; i < t->window_cnt; i++) {
		int64_t end_ns = t->windows[i].start_ns + (int64_t)t->windows[i].length_ns;

		if (end_ns > newest_ns)
			newest_ns = end_ns;
	}
	timeline_free(t);
	return newest_ns;
}

static void trust_later(struct keeper *k)
{
	k->trusted_at_ns = clock_mono_ns(k->clock) + KEEPER_TRUST_AFTER;
}

int keeper_new(struct store *store, const struct clock *clock, struct keeper **ret_keeper)
{
	struct keeper *k = calloc(1, sizeof(*k));
	int64_t newest_ns;

	if (!k)
		return -ENOMEM;
	k->store = store;
	k->clock = clock;
	k->max_bytes = UINT64_MAX;
	newest_ns = newest_lately(store, clock_wall_ns(clock));
	stamps_init(&k->stamps, newest_ns);
	if (!newest_ns)
		trust_later(k);
	*ret_keeper = k;
	return 0;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->stats.waiting; i++)
		profile_free(k->waiting[i]);
	free(k);
}

void keeper_set_max_bytes(struct keeper *k, uint64_t max_bytes)
{
	k->max_bytes = max_bytes;
}

#define STRING_BYTES 24 /* of one, beside its text: its place in two tables */

static uint64_t memory_of(const struct profile *p)
{
	return sizeof(*p) + intern_bytes(&p->strings) +
	       (uint64_t)intern_cnt(&p->strings) * STRING_BYTES +
	       p->frame_cnt * sizeof(*p->frames) + p->node_cnt * sizeof(*p->nodes) +
	       p->label_cnt * sizeof(*p->labels) + p->series_cnt * sizeof(*p->series) +
	       p->sample_cnt * sizeof(*p->samples);
}

void keeper_set_next(struct keeper *k, keeper_next_fn next, void *arg)
{
	k->next = next;
	k->next_arg = arg;
}

/* It is stored at `place`, or given up (NULL). */
static void remove_oldest(struct keeper *k, const struct store_place *place)
{
	k->stats.waiting_bytes -= memory_of(k->waiting[0]);
	k->stats.waiting_samples -= k->waiting[0]->total_cnt;
	if (k->next)
		k->next(k->next_arg, place, k->waiting[0]);
	else
		profile_free(k->waiting[0]);
	k->stats.waiting--;
	memmove(k->waiting, k->waiting + 1, k->stats.waiting * sizeof(k->waiting[0]));
}

static void drop_oldest(struct keeper *k)
{
	struct profile *p = k->waiting[0];

	k->stats.given_up_windows++;
	k->stats.given_up_samples += p->total_cnt;
	k->unreported += p->total_cnt + loss_samples(p->lost);
	k->stats.lost[LOSS_STORE_WRITE] += p->total_cnt;
	remove_oldest(k, NULL);
}

/* One window into the store, with the losses that have to be told of. */
static int put(struct keeper *k, struct profile *p)
{
	uint64_t before = p->lost[LOSS_STORE_WRITE];
	struct err err = {{0}};
	int r;

	/* the window is ours alone until it is stored: the sink was given it */
	p->lost[LOSS_STORE_WRITE] += k->unreported;
	r = store_put(k->store, p, &err);
	if (!r) {
		k->unreported = 0;
		k->stats.stored_windows++;
		k->stats.stored_samples += p->total_cnt;
		if (k->failing)
			log_warn("store: writing works again");
		k->failing = false;
		return 0;
	}
	p->lost[LOSS_STORE_WRITE] = before;
	k->stats.failed_puts++;
	k->stats.last_error = err;
	if (!k->failing)
		log_warn("store: cannot write a window: %s; keeping up to %d windows in memory",
			 err.text, KEEPER_MAX_WAITING);
	k->failing = true;
	return r;
}

static void retain(struct keeper *k)
{
	uint64_t now_ns = clock_mono_ns(k->clock);
	bool is_trusted = now_ns >= k->trusted_at_ns;
	struct err err;

	if (k->retained_at_ns && now_ns - k->retained_at_ns < KEEPER_RETAIN_EVERY)
		return;
	k->retained_at_ns = now_ns;
	/* without a time nothing is old; the limit of bytes holds all the same */
	if (store_retain(k->store, is_trusted ? clock_wall_ns(k->clock) : INT64_MIN, &err))
		log_warn("store: cannot drop old blocks: %s", err.text);
}

int keeper_sink(void *keeper, struct profile *window)
{
	struct keeper *k = keeper;
	uint64_t forth = k->stamps.forth;
	struct store_place place;

	if (k->stats.waiting == KEEPER_MAX_WAITING)
		drop_oldest(k);
	stamps_take(&k->stamps, k->clock, window);
	if (k->stamps.forth != forth)
		trust_later(k);
	k->stats.lost_samples += loss_samples(window->lost);
	for (size_t i = 0; i < LOSS_CNT; i++)
		k->stats.lost[i] += window->lost[i];
	k->stats.waiting_samples += window->total_cnt;
	k->stats.waiting_bytes += memory_of(window);
	k->waiting[k->stats.waiting++] = window;
	while (k->stats.waiting && !put(k, k->waiting[0])) {
		store_last_put(k->store, &place);
		remove_oldest(k, &place);
	}
	while (k->stats.waiting > 1 && k->stats.waiting_bytes > k->max_bytes)
		drop_oldest(k);
	retain(k);
	return 0;
}

void keeper_stats(const struct keeper *k, struct keeper_stats *ret_stats)
{
	*ret_stats = k->stats;
	ret_stats->clock_forth = k->stamps.forth;
	ret_stats->clock_back = k->stamps.back;
}
