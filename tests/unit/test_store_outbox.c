// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "store/outbox.h"
#include "unit/profiles.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

#define T0 ((int64_t)1800000000 * (int64_t)NSEC_PER_SEC)

static struct err err;
static const char *dir;

/* A window of one sample, `at` windows of 10 s after T0. */
static void put(struct store *s, int at)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *p;

	put_stack(b, STR_LIT("app;main"), (uint64_t)at + 1, 1);
	builder_window(b, T0 + at * 10 * (int64_t)NSEC_PER_SEC, 10 * NSEC_PER_SEC, 2, 97);
	p = seal(b);
	must(store_put(s, p, &err), err.text);
	profile_free(p);
}

struct seen {
	int64_t weights[100];
	size_t cnt, stop_at; /* stops before the one of this number; 0: never */
	struct store_place last;
};

static int take(void *arg, const struct store_place *place, struct profile *window)
{
	struct seen *seen = arg;
	int64_t weight = (int64_t)window->total;

	profile_free(window);
	if (seen->stop_at && seen->cnt + 1 == seen->stop_at)
		return -EINTR;
	seen->last = *place;
	if (seen->cnt < ARRAY_SIZE(seen->weights))
		seen->weights[seen->cnt] = weight;
	seen->cnt++;
	return 0;
}

static struct outbox *open_for(const char *receiver, enum outbox_begin begin)
{
	struct outbox *o;

	must(outbox_open(dir, receiver, begin, &o, &err), err.text);
	return o;
}

/* How many windows an outbox hands out. */
static size_t drain(struct outbox *o, struct seen *seen)
{
	*seen = (struct seen){.cnt = 0};
	must(outbox_drain(o, INT64_MIN, take, seen, &err), err.text);
	return seen->cnt;
}

static void test_begin(struct store *s)
{
	struct outbox *a = open_for("a", OUTBOX_FROM_NOW), *b = open_for("b", OUTBOX_FROM_START);
	struct outbox *none;
	struct seen seen;

	is_u64(drain(a, &seen), 0, "a new receiver begins with what comes");
	is_u64(drain(b, &seen), 3, "or with all that is there");
	ok(seen.weights[0] == 1 && seen.weights[2] == 3, "in the order of time");
	is_u64(drain(b, &seen), 0, "once");
	put(s, 3);
	put(s, 2); /* a clock that was set back */
	is_u64(outbox_depth(a), 0, "nothing is known yet");
	must(outbox_look(a, &err), err.text);
	is_u64(outbox_depth(a), 2, "two wait");
	is_u64(drain(a, &seen), 2, "…and are handed out");
	ok(seen.weights[0] == 4 && seen.weights[1] == 3, "as they were stored");
	is_u64(drain(b, &seen), 2, "each receiver has its own progress");
	ok(outbox_open(dir, "c", OUTBOX_KNOWN, &none, &err) == -ENOENT, "nobody of that name");
	outbox_close(a);
	outbox_close(b);
}

static void test_progress(struct store *s)
{
	struct outbox *a = open_for("a", OUTBOX_KNOWN);
	struct store_place place;
	struct seen seen = {.stop_at = 3};

	for (int i = 4; i < 10; i++)
		put(s, i);
	ok(outbox_drain(a, INT64_MIN, take, &seen, &err) == -EINTR && seen.cnt == 2,
	   "it stops when it is told to");
	outbox_close(a);
	a = open_for("a", OUTBOX_FROM_NOW);
	is_u64(drain(a, &seen), 4, "and goes on there, in another life");
	store_last_put(s, &place);
	ok(place.id == seen.last.id && !strcmp(place.block, seen.last.block),
	   "a put tells where the window is");
	put(s, 10);
	store_last_put(s, &place);
	ok(!outbox_is_settled(a, &place), "a window that came another way");
	must(outbox_settle(a, &place, &err), err.text);
	ok(outbox_is_settled(a, &place) && !drain(a, &seen), "is settled, too");
	put(s, 11);
	seen = (struct seen){.cnt = 0};
	must(outbox_drain(a, T0 + 1000 * (int64_t)NSEC_PER_SEC, take, &seen, &err), err.text);
	is_u64(seen.cnt, 0, "what is too old is not handed out");
	outbox_close(a);
}

struct book {
	char text[512];
};

static int note(void *arg, const char *reason, uint64_t cnt, uint64_t samples)
{
	struct book *book = arg;
	size_t len = strlen(book->text);

	(void)snprintf(book->text + len, sizeof(book->text) - len, "%s %d %d;", reason, (int)cnt,
		       (int)samples);
	return 0;
}

static void is_given_up(struct outbox *o, const char *want, const char *what)
{
	struct book book = {""};

	must(outbox_given_up(o, note, &book, &err), err.text);
	is_str(book.text, want, "%s", what);
}

static int note_parcel(void *arg, const struct outbox_parcel *p)
{
	struct book *book = arg;
	size_t len = strlen(book->text);

	(void)snprintf(book->text + len, sizeof(book->text) - len, "%d:%d/%d %s %s %d;", (int)p->id,
		       (int)p->place.id, (int)p->parcel, p->reason, p->message, (int)p->state);
	return 0;
}

static void is_held(struct outbox *o, const char *want, const char *what)
{
	struct book book = {""};

	must(outbox_held(o, note_parcel, &book, &err), err.text);
	is_str(book.text, want, "%s", what);
}

static void test_quarantine(void)
{
	struct outbox *a = open_for("a", OUTBOX_KNOWN), *b = open_for("b", OUTBOX_KNOWN);
	struct outbox_parcel p = {.place = {.id = 2},
				  .parcel = 7,
				  .samples = 9,
				  .state = OUTBOX_SUSPECT,
				  .reason = "server",
				  .message = "why"};
	struct profile *window;

	is_given_up(a, "too_old 1 1;", "what was too old is in the book");
	must(outbox_give_up(a, "invalid", 5, &err), err.text);
	must(outbox_give_up(a, "invalid", 6, &err), err.text);
	is_given_up(a, "invalid 2 11;too_old 1 1;", "counts add up");
	is_given_up(b, "", "each receiver has its own book");
	must(outbox_hold(a, &p, &err), err.text);
	p.parcel = 8;
	must(outbox_hold(a, &p, &err), err.text);
	is_held(a, "1:2/7 server why 1;2:2/8 server why 1;", "two are held");
	is_held(b, "", "for this receiver only");
	must(outbox_set_state(a, 2, OUTBOX_POISON, &err), err.text);
	must(outbox_release(a, 1, &err), err.text);
	is_held(a, "2:2/8 server why 2;", "one is released, one is poison");
	must(outbox_set_state(a, 0, OUTBOX_RETRY, &err), err.text);
	is_held(a, "2:2/8 server why 3;", "all are to be retried");
	ok(outbox_release(a, 1, &err) == -ENOENT &&
		   outbox_set_state(b, 2, OUTBOX_RETRY, &err) == -ENOENT,
	   "what is not there cannot be changed");
	outbox_close(a);
	outbox_close(b);

	a = open_for("a", OUTBOX_KNOWN);
	ok(outbox_window(a, &p.place, &window, &err) == -ENODATA, "a window of no block is gone");
	outbox_close(a);
}

/* Retention takes what was not sent. */
static void test_expired(void)
{
	const struct store_opts opts = {.block_ns = 60 * NSEC_PER_SEC, .max_age_ns = NSEC_PER_SEC};
	struct store_place place;
	struct profile *window;
	struct store *s;
	struct outbox *a;
	struct seen seen;

	dir = tmpdir_at("expiring");
	must(store_open(dir, STORE_WRITE, &opts, &s, &err), err.text);
	a = open_for("a", OUTBOX_FROM_START);
	for (int i = 0; i < 12; i++)
		put(s, i);
	must(outbox_look(a, &err), err.text);
	store_last_put(s, &place);
	must(outbox_window(a, &place, &window, &err), err.text);
	ok(window->total == 12, "a window by its place");
	profile_free(window);
	must(store_retain(s, T0 + 3600 * (int64_t)NSEC_PER_SEC, &err), err.text);
	is_u64(drain(a, &seen), 6, "what is left is handed out");
	is_given_up(a, "expired 6 0;", "what retention took is counted");
	outbox_close(a);
	store_close(s);
}

/* Writes over the beginning of a block. */
static void destroy(const char *block)
{
	char *path = strdup(tmpdir_at("hurt/")), *full = NULL;
	FILE *f;

	must(path && asprintf(&full, "%s%s", path, block) > 0 ? 0 : -ENOMEM, "no memory");
	f = fopen(full, "r+");
	must(f && fputs("this is no database any more", f) >= 0 && !fclose(f) ? 0 : -EIO, full);
	free(full);
	free(path);
}

/* Blocks that cannot be read: what else is there goes on, and they are counted, once. */
static void test_damaged_blocks(void)
{
	const struct store_opts opts = {.block_ns = 60 * NSEC_PER_SEC};
	struct store_place first, second;
	struct outbox *a, *b;
	struct store *s;
	struct seen seen;

	dir = strdup(tmpdir_at("hurt"));
	must(store_open(dir, STORE_WRITE, &opts, &s, &err), err.text);
	put(s, 0);
	store_last_put(s, &first);
	for (int i = 6; i < 10; i++)
		put(s, i);
	store_last_put(s, &second);
	put(s, 12);
	store_close(s);
	destroy(first.block);
	a = open_for("a", OUTBOX_FROM_START);
	is_u64(drain(a, &seen), 5, "a block that could never be read holds up nothing");
	is_given_up(a, "damaged 1 0;", "and counts as one window");
	outbox_close(a);
	a = open_for("a", OUTBOX_KNOWN);
	is_u64(drain(a, &seen), 0, "in another life, too");
	is_given_up(a, "damaged 1 0;", "and only once");

	b = open_for("b", OUTBOX_FROM_START);
	must(outbox_look(b, &err), err.text);
	destroy(second.block);
	is_u64(drain(b, &seen), 1, "one that was damaged later");
	is_given_up(b, "damaged 5 0;", "counts as many as were known");
	is_u64(outbox_lost(b)[OUTBOX_DAMAGED], 5, "for metrics, too");
	outbox_close(a);
	outbox_close(b);
	free((char *)dir);
}

static void test_damage(void)
{
	char *path = strdup(tmpdir_at("expiring/outbox.db"));
	struct outbox *a;
	struct seen seen;
	FILE *f = fopen(path, "w");

	ok(f && fputs("this is no database, but it is long enough to be taken for one", f) >= 0 &&
		   !fclose(f),
	   "an outbox that is damaged");
	a = open_for("a", OUTBOX_FROM_NOW);
	is_u64(drain(a, &seen), 6, "is put aside, and all is sent again");
	outbox_close(a);
	ok(!access(tmpdir_at("expiring/outbox.db.damaged"), F_OK),
	   "for whoever wants to look at it");
	free(path);
}

int main(void)
{
	struct store *s;

	tmpdir_make();
	dir = strdup(tmpdir_at("store"));
	must(store_open(dir, STORE_WRITE, NULL, &s, &err), err.text);
	for (int i = 0; i < 3; i++)
		put(s, i);
	test_begin(s);
	test_progress(s);
	test_quarantine();
	store_close(s);
	free((char *)dir);
	test_expired();
	test_damage();
	test_damaged_blocks();
	ok(tmpdir_remove(), "nothing is left behind");
	return tap_done();
}
