// SPDX-License-Identifier: Apache-2.0
/*
 * A writer that is killed at random moments, again and again on one store: every window that it
 * acknowledged is there and whole, and the store opens. 50 times, or as often as
 * CULPRIT_CRASH_ROUNDS says.
 */
#include "unit/store_data.h"
#include "unit/tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/num.h"
#include "store/store.h"

#define WINDOW_NS (10 * DATA_SECOND)

static const struct store_opts opts = {.block_ns = 600 * NSEC_PER_SEC};

static struct profile *window(uint32_t i)
{
	return data_window(i + 1, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, 4, 20, 40 + i);
}

/* Puts window after window and reports each number once it is stored; killed from outside. */
static void writer(const char *dir, uint32_t first, int report)
{
	struct store *s = NULL;
	struct err err = {""};

	if (store_open(dir, STORE_WRITE, &opts, &s, &err))
		_exit(3);
	for (uint32_t i = first;; i++) {
		struct profile *p = window(i);

		if (store_put(s, p, &err) || write(report, &i, sizeof(i)) != sizeof(i))
			_exit(4);
		profile_free(p);
	}
}

/* Starts a writer and kills it after some microseconds; the number behind the last one
 * acknowledged. */
static uint32_t one_round(const char *dir, uint32_t first, uint64_t after_us)
{
	struct timespec ts = {0, (long)after_us * 1000};
	int pipes[2], status;
	uint32_t i, next = first;
	pid_t pid;

	if (pipe(pipes))
		abort();
	pid = fork();
	if (!pid) {
		(void)close(pipes[0]);
		writer(dir, first, pipes[1]);
	}
	(void)close(pipes[1]);
	(void)nanosleep(&ts, NULL);
	(void)kill(pid, SIGKILL);
	while (read(pipes[0], &i, sizeof(i)) == sizeof(i))
		next = i + 1;
	(void)close(pipes[0]);
	(void)waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		ok(false, "the writer ended by itself: %d", WEXITSTATUS(status));
	return next;
}

struct seen {
	uint32_t next, wrong, from;
};

/* Windows come in order; the one after the last acknowledged may be there too, and is then put
 * again. */
static int see(void *arg, const struct profile *p)
{
	uint32_t i = (uint32_t)((p->start_ns - DATA_NOON) / WINDOW_NS);
	struct seen *seen = arg;
	struct profile *want = window(i);

	if (i != seen->next && i + 1 != seen->next)
		seen->wrong++;
	else if (i >= seen->from && !data_equal(p, want))
		seen->wrong++;
	seen->next = i + 1;
	profile_free(want);
	return 0;
}

static bool is_whole(const char *dir, uint32_t from, uint32_t next)
{
	struct time_range range = {DATA_NOON + (int64_t)from * WINDOW_NS, INT64_MAX};
	struct seen seen = {from, 0, from};
	struct store *s = NULL;
	struct err err = {""};
	size_t warnings = 0;
	int r = store_open(dir, STORE_READ, NULL, &s, &err);

	if (!r)
		r = store_each(s, range, NULL, see, &seen, &err);
	if (s)
		(void)store_warnings(s, &warnings);
	store_close(s);
	if (r || warnings || seen.wrong || seen.next < next)
		printf("# from %u: %u windows acknowledged, %u read, %u wrong, %zu warnings: %s\n",
		       from, next, seen.next, seen.wrong, warnings, err.text);
	return !r && !warnings && !seen.wrong && seen.next >= next;
}

int main(void)
{
	const char *wanted = getenv("CULPRIT_CRASH_ROUNDS");
	uint64_t rounds = 50, state = 2463534242;
	uint32_t next = 0, before, good = 0;
	char *dir = data_dir();
	struct err err;
	struct store *s;

	if (wanted && num_parse_u64(str_of(wanted), &rounds)) {
		printf("Bail out! CULPRIT_CRASH_ROUNDS is no number\n");
		return 1;
	}
	/* an empty store first: a round may end before its writer has made one */
	if (store_open(dir, STORE_WRITE, &opts, &s, &err))
		return 1;
	store_close(s);
	for (uint64_t i = 0; i < rounds; i++) {
		before = next > 3 ? next - 3 : 0;
		next = one_round(dir, next, 1000 + data_random(&state) % 120000);
		good += is_whole(dir, before, next);
	}
	is_u64(good, rounds, "killed %u times: what was acknowledged is there each time",
	       (unsigned int)rounds);
	ok(next > 0, "%u windows were acknowledged", next);
	ok(is_whole(dir, 0, next), "all of them are there in the end");
	s = NULL;
	ok(!store_open(dir, STORE_WRITE, &opts, &s, &err), "and the store opens for writing");
	store_close(s);
	data_remove(dir);
	return tap_done();
}
