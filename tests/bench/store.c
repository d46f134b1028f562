// SPDX-License-Identifier: Apache-2.0
/*
 * store - bytes per sample and speed of the flight recorder on a synthetic machine.
 *
 *	store [DAYS [BUSY_PERCENT [PROCESSES]]]        7 days, 100 % of two CPUs at 97 Hz, 50
 * processes
 *
 * Each process has 40 stacks to begin with, 20 frames deep, of C++-like names, and hits them by
 * Zipf's law, as real ones do; processes share the CPU by Zipf's law too, rotating every hour. One
 * sample in 500 is of a stack never seen before: programs go on to reach new code for as long as
 * they run.
 *
 * Bytes are measured on one block of 6 h, each window made anew. Questions are asked of a store of
 * DAYS, in which the windows of the first hour recur (making new ones takes longer than storing
 * them). One line per measure.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "unit/store_data.h"

#include "base/num.h"
#include "model/timeline.h"
#include "store/store.h"

#define WINDOW_NS (10 * DATA_SECOND)
#define STACKS	  40
#define MAX_PROCS 2000
#define HZ	  97
#define CPUS	  2

static double now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The machine may be busy with other things: what the question itself took is told beside it. */
static double cpu_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void must(int r, const struct err *err)
{
	if (!r)
		return;
	(void)fprintf(stderr, "store: %s\n", err->text);
	exit(2);
}

/* 0 … n-1, small numbers often: the inverse of the harmonic distribution, near enough. */
static unsigned int zipf(uint64_t *state, unsigned int n)
{
	double u = (double)(data_random(state) >> 11) / 9007199254740992.0;

	return (unsigned int)(exp(u * log((double)n + 1)) - 1);
}

static void add_sample(struct builder *b, unsigned int process, uint64_t stack)
{
	uint64_t path = stack * 0x9e3779b97f4a7c15U + process * 77777U + 1;
	uint32_t series, frame, node = 0;
	char name[128];
	int n = snprintf(name, sizeof(name), "service-%u", process);

	data_must(builder_process(b, (struct str){name, (size_t)n}, &series));
	for (unsigned int d = 0; d < 20; d++) {
		/* the outer half of the stack is the same for all stacks of a process */
		uint64_t pick = d < 10 ? d : data_random(&path) % 300;

		n = snprintf(name, sizeof(name),
			     "ns%u::Class%llu<std::string>::method_%llu(int, char const*)", process,
			     (unsigned long long)(pick % 17), (unsigned long long)pick);
		data_must(builder_frame(b, (struct str){name, (size_t)n},
					STR_LIT("libservice.so.1"), FRAME_USER, &frame));
		data_must(builder_stack(b, node, frame, &node));
	}
	data_must(builder_sample(b, series, node, 1000000000 / HZ, 1));
}

static struct profile *make_window(struct builder *b, uint64_t *state, uint64_t i,
				   unsigned int busy, unsigned int processes, uint64_t *fresh)
{
	unsigned int samples = HZ * CPUS * 10 * busy / 100;
	unsigned int rotation = (unsigned int)(i / 360);
	struct profile *p;

	for (unsigned int k = 0; k < samples; k++) {
		unsigned int process = (zipf(state, processes) + rotation) % processes;
		uint64_t stack = data_random(state) % 500 ? zipf(state, STACKS) : 1000 + (*fresh)++;

		add_sample(b, process, stack);
	}
	builder_window(b, DATA_NOON + (int64_t)i * WINDOW_NS, WINDOW_NS, CPUS, HZ);
	data_must(builder_seal(b, &p));
	return p;
}

static uint64_t bytes_in(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	uint64_t bytes = 0;
	char path[1024];
	struct stat st;

	while (d && (e = readdir(d))) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (!strncmp(e->d_name, "block-", 6) && !stat(path, &st))
			bytes += (uint64_t)st.st_size;
	}
	if (d)
		(void)closedir(d);
	return bytes;
}

static struct store *open_new(const char *dir)
{
	struct store *s;
	struct err err;

	must(store_open(dir, STORE_WRITE, NULL, &s, &err), &err);
	return s;
}

/* One block of windows, each made anew and put by itself, as an agent does. */
static void measure_bytes(unsigned int busy, unsigned int processes)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint64_t state = 1234567, samples = 0, fresh = 0, bytes;
	double put_ms = 0, t;
	char *dir = data_dir();
	struct store *s = open_new(dir);
	struct err err;

	data_must(b ? 0 : -1);
	for (uint64_t i = 0; i < 2160; i++) {
		struct profile *p = make_window(b, &state, i, busy, processes, &fresh);

		samples += p->total_cnt;
		t = now_ms();
		must(store_put(s, p, &err), &err);
		put_ms += now_ms() - t;
		profile_free(p);
	}
	store_close(s);
	builder_free(b);
	bytes = bytes_in(dir);
	printf("one block: windows 2160, samples %" PRIu64 ", new stacks %" PRIu64
	       ", bytes %" PRIu64 "\n",
	       samples, fresh, bytes);
	printf("bytes per sample      %8.3f\n", (double)bytes / (double)samples);
	printf("put, each synced      %8.3f ms\n", put_ms / 2160);
	data_remove(dir);
}

static void fill(const char *dir, uint64_t windows, unsigned int busy, unsigned int processes)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	struct profile *hour[360];
	uint64_t state = 1234567, fresh = 0;
	struct store *s = open_new(dir);
	struct err err;
	double t;

	data_must(b ? 0 : -1);
	for (uint64_t i = 0; i < 360; i++)
		hour[i] = make_window(b, &state, i, busy, processes, &fresh);
	t = now_ms();
	must(store_begin(s, &err), &err);
	for (uint64_t i = 0; i < windows; i++) {
		struct profile *p = hour[i % 360];

		p->start_ns = DATA_NOON + (int64_t)i * WINDOW_NS;
		p->end_ns = p->start_ns + WINDOW_NS;
		must(store_put(s, p, &err), &err);
	}
	must(store_commit(s, &err), &err);
	store_close(s);
	printf("put, in a batch       %8.3f ms\n", (now_ms() - t) / (double)windows);
	for (uint64_t i = 0; i < 360; i++)
		profile_free(hour[i]);
	builder_free(b);
}

struct watch {
	double wall, cpu;
};

static struct watch start(void)
{
	return (struct watch){now_ms(), cpu_ms()};
}

static void say(const char *what, struct watch since)
{
	printf("%-21s %8.3f ms (%.3f ms of CPU)", what, now_ms() - since.wall,
	       cpu_ms() - since.cpu);
}

static void ask(const char *dir, uint64_t windows)
{
	int64_t middle = DATA_NOON + (int64_t)(windows / 2) * WINDOW_NS;
	struct time_range range = {middle, middle + 300 * DATA_SECOND};
	struct store_info *info = NULL;
	struct timeline *tl = NULL;
	struct profile *p = NULL;
	struct store *s;
	struct err err;
	struct watch w = start();

	must(store_open(dir, STORE_READ, NULL, &s, &err), &err);
	must(store_read(s, &range, 1, NULL, &p, &err), &err);
	say("read five minutes", w);
	printf(": %u windows, %zu samples\n", p->window_cnt, p->sample_cnt);
	profile_free(p);
	w = start();
	must(store_timeline(s, TIME_RANGE_ALL, NULL, LABEL_PROCESS, &tl, &err), &err);
	say("timeline of all", w);
	printf(": %u windows, %u processes, %zu cells\n", tl->window_cnt, tl->entity_cnt,
	       tl->cell_cnt);
	timeline_free(tl);
	w = start();
	must(store_info(s, &info, &err), &err);
	say("inventory", w);
	printf(": %zu blocks\n", info->block_cnt);
	store_info_free(info);
	store_close(s);
}

/* The i-th argument, or what it is without one. */
static uint64_t argument(int argc, char **argv, int i, uint64_t otherwise)
{
	uint64_t v = otherwise;

	if (argc <= i || (!num_parse_u64(str_of(argv[i]), &v) && v && v <= MAX_PROCS))
		return v;
	(void)fprintf(stderr, "usage: store [DAYS [BUSY_PERCENT [PROCESSES]]]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t days = argument(argc, argv, 1, 7);
	unsigned int busy = (unsigned int)argument(argc, argv, 2, 100);
	unsigned int processes = (unsigned int)argument(argc, argv, 3, 50);
	char *dir = data_dir();

	measure_bytes(busy, processes);
	fill(dir, days * 8640, busy, processes);
	ask(dir, days * 8640);
	data_remove(dir);
	return 0;
}
