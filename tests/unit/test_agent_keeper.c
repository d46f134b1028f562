// SPDX-License-Identifier: Apache-2.0
#include "agent/keeper.h"
#include "base/clock.h"
#include "store/store.h"
#include "unit/profiles.h"
#include "unit/tap.h"
#include "unit/tmpdir.h"

/* A window of so many stacks, and three lost samples. */
static struct profile *window(size_t stacks)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	char stack[64];

	for (size_t i = 0; i < stacks; i++) {
		(void)snprintf(stack, sizeof(stack), "app;main;function_%zu", i);
		put_stack(b, str_of(stack), 1000, 1);
	}
	builder_window(b, 1700000000 * (int64_t)NSEC_PER_SEC, 10 * NSEC_PER_SEC, 2, 97);
	builder_lost(b, LOSS_LATE, 3);
	return seal(b);
}

static void put(struct keeper *k, size_t stacks)
{
	must(keeper_sink(k, window(stacks)), "sink");
}

int main(void)
{
	struct keeper_stats one, s;
	struct store *store = NULL;
	struct keeper *k = NULL;
	struct err err = {{0}};

	tmpdir_make();
	must(store_open(tmpdir_at("store"), STORE_WRITE, NULL, &store, &err), err.text);
	must(keeper_new(store, &clock_system, &k), "keeper");
	put(k, 100);
	keeper_stats(k, &s);
	ok(s.stored_windows == 1 && s.waiting == 0 && s.waiting_bytes == 0, "a window is stored");
	is_u64(s.lost[LOSS_LATE], 3, "its losses are known by reason");

	/* a store whose directory has gone takes nothing */
	store_close(store);
	keeper_free(k);
	must(store_open(tmpdir_at("gone"), STORE_WRITE, NULL, &store, &err), err.text);
	must(keeper_new(store, &clock_system, &k), "keeper");
	ok(!unlink(tmpdir_at("gone/lock")) && !rmdir(tmpdir_at("gone")), "a store that is gone");
	put(k, 100);
	keeper_stats(k, &one);
	ok(one.waiting == 1 && one.waiting_bytes > 100 * 8, "a window waits, of %" PRIu64 " bytes",
	   one.waiting_bytes);
	for (int i = 0; i < 4; i++)
		put(k, 100);
	keeper_stats(k, &s);
	ok(s.waiting == 5 && s.waiting_bytes == 5 * one.waiting_bytes, "five wait");

	keeper_set_max_bytes(k, 3 * one.waiting_bytes);
	put(k, 100);
	keeper_stats(k, &s);
	ok(s.waiting == 3 && s.waiting_bytes == 3 * one.waiting_bytes, "three have room");
	ok(s.given_up_windows == 3 && s.given_up_samples == 300 &&
		   s.lost[LOSS_STORE_WRITE] == 300 && s.waiting_samples == 300,
	   "what had none is counted");
	put(k, 10000);
	keeper_stats(k, &s);
	ok(s.waiting == 1 && s.waiting_bytes > 3 * one.waiting_bytes && s.given_up_windows == 6,
	   "one that is too large alone is tried all the same");
	put(k, 100);
	keeper_stats(k, &s);
	ok(s.waiting == 1 && s.waiting_bytes == one.waiting_bytes, "and makes room for the next");
	keeper_free(k);
	store_close(store);
	tmpdir_remove();
	return tap_done();
}
