// SPDX-License-Identifier: Apache-2.0
/* Windowed folded files: a window a header line, there and back without a loss. */
#include "format/folded.h"

#include "base/text.h"
#include "format/window.h"
#include "model/builder.h"
#include "unit/tap.h"

#define MAX_WINDOWS 64

static struct profile *windows[MAX_WINDOWS];
static size_t window_cnt;
static struct folded_report rep;
static struct err err;

static void forget(void)
{
	for (size_t i = 0; i < window_cnt; i++)
		profile_free(windows[i]);
	window_cnt = 0;
}

static int keep(void *arg, struct profile *p)
{
	const size_t *stop = arg;

	windows[window_cnt++] = p;
	return stop && window_cnt == *stop ? 42 : 0;
}

static int read_all(const char *text)
{
	forget();
	err.text[0] = '\0';
	return folded_read_windows(str_of(text), NULL, keep, NULL, &rep, &err);
}

static bool refused(const char *text, const char *why)
{
	return read_all(text) == -EINVAL && !window_cnt && strstr(err.text, why);
}

static void reading(void)
{
	size_t stop = 1;
	struct profile *p = NULL;
	const char *text =
		"# made by hand\n"
		"# window start=1700000000.25 length=10 cpus=4 hz=100 lost=3\n"
		"cron;main;work 12\nnginx;main 30\n"
		"# window start=1700000010.25 length=10 cpus=4 hz=100 lost=0 colour=blue\n"
		"# window start=1700000020.25 length=2.5 cpus=8 hz=100 lost=1 lost_ring_full=1 "
		"lost_no_symbol=9 lost_never_heard_of=5\n"
		"nginx;main 1.5\n";

	ok(!read_all(text), "three windows: %s", err.text);
	is_u64(window_cnt, 3, "…come out");
	is_i64(windows[0]->start_ns, 1700000000250000000, "start, to the nanosecond");
	is_u64(windows[0]->length_ns, 10000000000, "length");
	is_u64(windows[0]->capacity_ns, 40000000000, "capacity");
	is_u64(windows[0]->unit, PROFILE_NANOSECONDS, "with hz the unit is CPU time");
	is_u64(windows[0]->total, 420000000, "count x 1e9 / hz");
	is_u64(windows[0]->total_cnt, 42, "counts stay");
	is_u64(windows[0]->lost[LOSS_IMPORT], 3, "lost");
	is_u64(windows[1]->sample_cnt, 0, "an idle window is one, unknown words are ignored");
	is_u64(windows[2]->length_ns, 2500000000, "length with a fraction");
	is_u64(windows[2]->lost[LOSS_IMPORT], 0, "what is named is not counted twice");
	is_u64(windows[2]->lost[LOSS_RING_FULL], 1, "a reason");
	is_u64(windows[2]->lost[LOSS_NO_SYMBOL], 9, "a reason that costs no sample");
	is_u64(windows[2]->total, 15000000, "half a sample is half a period");

	forget();
	is_i64(folded_read_windows(str_of(text), NULL, keep, &stop, &rep, &err), 42,
	       "a callback may stop");
	is_u64(window_cnt, 1, "…at once");

	ok(!folded_read(str_of(text), NULL, &p, &rep, &err), "as one profile: %s", err.text);
	is_u64(p ? p->length_ns : 0, 22500000000, "…lengths add");
	is_u64(p ? p->window_cnt : 0, 3, "…windows are counted");
	is_u64(p ? p->total_cnt : 0, 44, "…counts add");
	is_u64(p ? p->capacity_ns : 0, 100000000000, "…capacities add");
	profile_free(p);

	ok(!read_all("# window start=5 length=10 psi_io=1.25/9.5 psi_cpu=0/10 psi_new=1/2\n") &&
		   windows[0]->pressure[PRESSURE_IO].stalled_ns == 1250000000 &&
		   windows[0]->pressure[PRESSURE_IO].watched_ns == 9500000000 &&
		   windows[0]->pressure[PRESSURE_CPU].watched_ns == 10000000000 &&
		   !windows[0]->pressure[PRESSURE_MEMORY].watched_ns,
	   "pressure, where it is known");
	ok(!read_all("# window start=5 length=1 cpus=1\np;a 3\n") && window_cnt == 1 &&
		   windows[0]->unit == PROFILE_SAMPLES && windows[0]->total == 3,
	   "without hz they are samples");
	ok(!read_all("# window start=5 length=1 hz=7 unit=nanoseconds\np;a 300000000\n") &&
		   windows[0]->total == 300000000 && windows[0]->total_cnt == 2,
	   "unit=nanoseconds: the numbers are weights");
	ok(!read_all("# window start=-5.5 length=1 hz=1\r\np;a 1\r\n") &&
		   windows[0]->start_ns == -5500000000,
	   "before 1970, CRLF");
}

static void refusals(void)
{
	ok(refused("# window start=abc length=10\n", "line 1: window"), "start: %s", err.text);
	ok(refused("# window start=5\n", "start= and length="), "no length: %s", err.text);
	ok(refused("# window length=5\n", "start= and length="), "no start: %s", err.text);
	ok(refused("# window start=5 length=0\n", "length=0"), "length 0: %s", err.text);
	ok(refused("# window start=5 length=-3\n", "length=-3"), "length negative: %s", err.text);
	ok(refused("# window start=5 length=1 hz=nan\n", "hz=nan"), "hz: %s", err.text);
	ok(refused("# window start=5 length=1 cpus=9999999\n", "cpus="), "cpus: %s", err.text);
	ok(refused("# window start=5 length=1 lost=-1\n", "lost=-1"), "lost: %s", err.text);
	ok(refused("# window start=5 length=1 psi_io=2/1\n", "psi_io=2/1"), "psi: %s", err.text);
	ok(refused("# window start=5 length=1 psi_io=1\n", "psi_io=1"), "psi: %s", err.text);
	ok(refused("# window start=5 length=1 psi_io=-1/2\n", "psi_io=-1/2"), "psi: %s", err.text);
	ok(refused("# window start=5 length=1 psi_io=0/0\n", "psi_io=0/0"), "psi: %s", err.text);
	ok(refused("# window start=9223372000 length=30000000\n", "2262"), "too late: %s",
	   err.text);
	ok(refused("p;a 1\n# window start=5 length=1\np;b 1\n", "line 1: stacks before"),
	   "stacks first: %s", err.text);
	ok(refused("p;a 1\n", "window"), "no window at all: %s", err.text);
	ok(refused("# window start=5 length=1\np;a 1\n# window start=6 length=1\nx\ny\n", "line 4"),
	   "too many rejected: nothing was handed out: %s", err.text);
	ok(read_all("# window start=5 length=1\np;a 1\n# window start=6 length=1 hz=9\np;a 1\n") ==
			   0 &&
		   window_cnt == 2,
	   "units may differ from window to window");
	{
		struct profile *p = NULL;

		ok(folded_read(STR_LIT("# window start=5 length=1\np;a 1\n"
				       "# window start=6 length=1 hz=9\np;a 1\n"),
			       NULL, &p, &rep, &err) == -EINVAL &&
			   strstr(err.text, "line 3"),
		   "…but such windows cannot be added: %s", err.text);
	}
}

static struct profile *random_window(uint64_t seed, int64_t start, bool exact)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *p = NULL;
	uint64_t rnd = seed;
	char name[32];
	int r = 0;

	for (int i = 0; i < 30; i++) {
		uint32_t series = 0, node = 0, frame = 0;
		uint64_t cnt;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		cnt = 1 + (rnd >> 40) % 50;
		snprintf(name, sizeof(name), "proc %d", (int)(rnd >> 33) % 5);
		r |= builder_process(b, str_of(name), &series);
		for (unsigned int k = 0; k < (rnd >> 50) % 6; k++) {
			snprintf(name, sizeof(name), "f%d", (int)((rnd >> (20 + k)) % 3));
			r |= builder_frame(b, str_of(name), STR_LIT(""), FRAME_UNKNOWN, &frame);
			r |= builder_stack(b, node, frame, &node);
		}
		r |= builder_sample(b, series, node, cnt * 10309278 + (exact ? 0 : rnd % 999), cnt);
	}
	builder_window(b, start, 10000000000, 3, 97);
	builder_lost(b, LOSS_LATE, seed % 5);
	builder_lost(b, LOSS_IMPORT, seed % 3);
	builder_lost(b, LOSS_USER_TRUNCATED, seed % 7);
	r |= builder_seal(b, &p);
	builder_free(b);
	return r ? NULL : p;
}

static void round_trip(bool exact)
{
	static const struct folded_style style = {.header = true};
	struct profile *given[20];
	bool same = true, losses = true;
	struct buf one, two;
	int r = 0;

	buf_init(&one, 1 << 22);
	buf_init(&two, 1 << 22);
	for (size_t i = 0; i < 20; i++) {
		given[i] =
			random_window(i + 1, 1700000000000000001 + (int64_t)i * 10000000000, exact);
		r |= folded_write(given[i], &style, &one);
	}
	buf_add(&one, "", 0);
	r |= read_all(one.data);
	ok(!r && window_cnt == 20, "20 windows written and read: %s", err.text);
	for (size_t i = 0; i < window_cnt; i++) {
		const struct profile *a = given[i], *b = windows[i];

		same &= a->start_ns == b->start_ns && a->end_ns == b->end_ns &&
			a->length_ns == b->length_ns && a->cpus == b->cpus && a->hz == b->hz &&
			a->total == b->total && a->total_cnt == b->total_cnt &&
			a->sample_cnt == b->sample_cnt && a->capacity_ns == b->capacity_ns &&
			a->window_cnt == b->window_cnt;
		losses &= !memcmp(a->lost, b->lost, sizeof(a->lost));
		r |= folded_write(b, &style, &two);
	}
	ok(same, "…time, CPUs, rate, weights and counts come back");
	ok(losses, "…losses by reason, too");
	ok(!r && str_eq(buf_str(&one), buf_str(&two)), "…and the bytes are the same");
	is_u64(strstr(one.data, "unit=nanoseconds") != NULL, !exact,
	       exact ? "counts, where they say it all" : "weights, where counts do not say it all");
	for (size_t i = 0; i < 20; i++)
		profile_free(given[i]);
	buf_release(&one);
	buf_release(&two);
}

/* A profile of merged windows, or of unknown time, keeps what it knows. */
static void merged(void)
{
	static const struct folded_style style = {.header = true};
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	struct profile *p = NULL, *q = NULL;
	uint32_t series = 0;
	struct buf out;
	int r;

	r = builder_process(b, STR_LIT("p"), &series);
	r |= builder_sample(b, series, 0, 5, 5);
	builder_window(b, 1000, 500, 2, 50);
	builder_window(b, 9000, 500, 4, 50);
	r |= builder_seal(b, &p);
	buf_init(&out, 4096);
	r |= folded_write(p, &style, &out);
	is_str(buf_str(&out).p,
	       "# window start=0.000001 length=0.000001 cpus=4 hz=50 lost=0 windows=2 "
	       "end=0.0000095 "
	       "capacity=0.000003 unit=samples\np 5\n",
	       "merged windows, samples with a rate");
	r |= folded_read(buf_str(&out), NULL, &q, &rep, &err);
	ok(!r && q->unit == PROFILE_SAMPLES && q->total == 5 && q->end_ns == 9500 &&
		   q->capacity_ns == 3000 && q->window_cnt == 2,
	   "…come back as they were");
	profile_free(p);
	profile_free(q);
	p = q = NULL;
	buf_clear(&out);
	r = builder_process(b, STR_LIT("p"), &series);
	r |= builder_sample(b, series, 0, 5, 5);
	builder_window(b, 0, 0, 0, 0);
	r |= builder_seal(b, &p);
	r |= folded_write(p, &style, &out);
	r |= folded_read(buf_str(&out), NULL, &q, &rep, &err);
	ok(!r && q->length_ns == 0 && q->total == 5, "a window of unknown time");
	profile_free(p);
	profile_free(q);
	builder_free(b);
	buf_release(&out);
}

/* Half of it was sampled at a tenth of the rate: counts would show the wrong half. */
static void changed_rate(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *p = NULL;
	uint32_t busy = 0, late = 0;
	struct buf out;
	int r;

	buf_init(&out, 4096);
	r = builder_process(b, STR_LIT("busy"), &busy) | builder_process(b, STR_LIT("late"), &late);
	r |= builder_sample(b, busy, 0, 1000, 10) | builder_sample(b, late, 0, 500, 5);
	r |= builder_seal(b, &p);
	r |= folded_write(p, NULL, &out);
	is_str(buf_str(&out).p, "busy 10\nlate 5\n", "one rate: counts");
	profile_free(p);
	buf_clear(&out);
	r |= builder_process(b, STR_LIT("busy"), &busy) |
	     builder_process(b, STR_LIT("late"), &late);
	r |= builder_sample(b, busy, 0, 1000, 10) | builder_sample(b, late, 0, 5000, 5);
	r |= builder_seal(b, &p);
	r |= folded_write(p, NULL, &out);
	is_str(buf_str(&out).p, "busy 1000\nlate 5000\n", "several rates: weights");
	is_i64(r, 0, "all written");
	profile_free(p);
	builder_free(b);
	buf_release(&out);
}

int main(void)
{
	reading();
	refusals();
	round_trip(true);
	round_trip(false);
	merged();
	changed_rate();
	forget();
	return tap_done();
}
