/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_data.h - windows for the store's tests: made from a seed, compared by what they say, not by
 * their numbers.
 */
#ifndef TESTS_STORE_DATA_H
#define TESTS_STORE_DATA_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/builder.h"

#define DATA_SECOND ((int64_t)1000000000)
#define DATA_NOON \
	(INT64_C(1700049600) * DATA_SECOND) /* 2023-11-15T12:00:00Z, start of a 6 h block */
#define DATA_PERIOD UINT64_C(10309278)

__attribute__((unused)) static uint64_t data_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void data_must(int r)
{
	if (r) {
		printf("Bail out! out of memory\n");
		abort();
	}
}

/*
 * A window of `processes` processes with up to `samples` samples each. `variety` is how many
 * different functions there are. Everything that a window can carry is there: two labels, modules,
 * kinds, odd weights, unknown counts, losses.
 */
__attribute__((unused)) static struct profile *
data_window(uint64_t seed, int64_t start_ns, uint64_t length_ns, unsigned int processes,
	    unsigned int samples, unsigned int variety)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint64_t state = seed * 2654435761U + 88172645463325252U;
	struct profile *p = NULL;
	uint32_t series, frame, node;
	char process[64], cgroup[64], name[64];

	data_must(b ? 0 : -1);
	for (unsigned int i = 0; i < processes; i++) {
		struct str labels[2][2] = {{STR_LIT(LABEL_PROCESS), {process, 0}},
					   {STR_LIT(LABEL_CGROUP), {cgroup, 0}}};

		labels[0][1].len = (size_t)snprintf(process, sizeof(process), "process-%u", i);
		labels[1][1].len = (size_t)snprintf(cgroup, sizeof(cgroup), "/slice/%u", i % 3);
		data_must(builder_series(b, (const struct str(*)[2])labels, 2, &series));
		for (unsigned int k = 0; k < 1 + data_random(&state) % samples; k++) {
			unsigned int depth = 1 + (unsigned int)(data_random(&state) % 6);
			uint64_t cnt = 1 + data_random(&state) % 3;
			uint64_t weight = cnt * DATA_PERIOD + (data_random(&state) % 16 ? 0 : 7);

			node = 0;
			for (unsigned int d = 0; d < depth; d++) {
				uint64_t pick = data_random(&state) % variety;
				int n = snprintf(name, sizeof(name), "function_%llu",
						 (unsigned long long)pick);

				data_must(builder_frame(
					b, (struct str){name, (size_t)n},
					pick % 2 ? STR_LIT("libc.so.6") : STR_LIT(""),
					(enum frame_kind)(pick % FRAME_KIND_CNT), &frame));
				data_must(builder_stack(b, node, frame, &node));
			}
			data_must(builder_sample(b, series, node, weight,
						 data_random(&state) % 32 ? cnt : 0));
		}
	}
	builder_window(b, start_ns, length_ns, 2, 97.0);
	builder_lost(b, LOSS_RING_FULL, data_random(&state) % 5);
	builder_lost(b, LOSS_NO_SYMBOL, data_random(&state) % 5);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		if (data_random(&state) % 4)
			builder_pressure(
				b, i,
				&(struct pressure){data_random(&state) % length_ns, length_ns});
	data_must(builder_seal(b, &p));
	builder_free(b);
	return p;
}

/* Every sample as one line "labels|stack weight cnt", sorted: two profiles say the same when their
 * texts are equal. */
static int data_by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void data_add_stack(struct buf *b, const struct profile *p, uint32_t node)
{
	for (; node; node = p->nodes[node].parent) {
		const struct frame *f = &p->frames[p->nodes[node].frame];
		struct str name = profile_str(p, f->name), module = profile_str(p, f->module);

		buf_addf(b, "|%.*s@%.*s/%u", (int)name.len, name.p, (int)module.len, module.p,
			 f->kind);
	}
}

__attribute__((unused)) static char *data_text(const struct profile *p)
{
	char **lines = calloc(p->sample_cnt + 1, sizeof(*lines));
	struct buf all, b;

	buf_init(&all, (size_t)1 << 30);
	buf_addf(
		&all,
		"unit=%d start=%lld end=%lld length=%llu capacity=%llu windows=%u cpus=%u hz=%.17g",
		p->unit, (long long)p->start_ns, (long long)p->end_ns,
		(unsigned long long)p->length_ns, (unsigned long long)p->capacity_ns, p->window_cnt,
		p->cpus, p->hz);
	buf_addf(&all, " total=%llu/%llu\n", (unsigned long long)p->total,
		 (unsigned long long)p->total_cnt);
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (p->lost[i])
			buf_addf(&all, "lost %u=%llu\n", i, (unsigned long long)p->lost[i]);
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		buf_addf(&all, "waited %u=%llu/%llu\n", i,
			 (unsigned long long)p->pressure[i].stalled_ns,
			 (unsigned long long)p->pressure[i].watched_ns);
	for (size_t i = 0; i < p->sample_cnt; i++) {
		const struct sample *s = &p->samples[i];
		const struct series *series = &p->series[s->series];

		buf_init(&b, 1 << 20);
		for (uint32_t k = series->first_label; k < series->first_label + series->label_cnt;
		     k++) {
			struct str key = profile_str(p, p->labels[k].key);
			struct str value = profile_str(p, p->labels[k].value);

			buf_addf(&b, "%.*s=%.*s,", (int)key.len, key.p, (int)value.len, value.p);
		}
		data_add_stack(&b, p, s->node);
		buf_addf(&b, " %llu %llu\n", (unsigned long long)s->weight,
			 (unsigned long long)s->cnt);
		lines[i] = buf_detach(&b, NULL);
	}
	qsort(lines, p->sample_cnt, sizeof(*lines), data_by_line);
	for (size_t i = 0; i < p->sample_cnt; i++) {
		buf_addstr(&all, lines[i]);
		free(lines[i]);
	}
	free(lines);
	return buf_detach(&all, NULL);
}

__attribute__((unused)) static bool data_equal(const struct profile *a, const struct profile *b)
{
	char *ta = data_text(a), *tb = data_text(b);
	bool same = !strcmp(ta, tb);

	if (!same)
		for (size_t i = 0; ta[i]; i++)
			if (ta[i] != tb[i]) {
				printf("# differ at %zu: '%.60s' / '%.60s'\n", i, ta + i, tb + i);
				break;
			}
	free(ta);
	free(tb);
	return same;
}

/* A fresh directory below $TMPDIR; returns owned. */
__attribute__((unused)) static char *data_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = NULL;

	if (asprintf(&dir, "%s/culprit-store-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
		abort();
	return dir;
}

/* Removes the directory with the files in it; frees the name. */
__attribute__((unused)) static void data_remove(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[1024];

	while (d && (e = readdir(d))) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
	(void)rmdir(dir);
	free(dir);
}

/* How many files there are whose name begins and ends so. */
__attribute__((unused)) static unsigned int data_count(const char *dir, const char *begin,
						       const char *end)
{
	DIR *d = opendir(dir);
	unsigned int cnt = 0;
	struct dirent *e;

	while (d && (e = readdir(d)))
		cnt += !strncmp(e->d_name, begin, strlen(begin)) &&
		       strlen(e->d_name) >= strlen(end) &&
		       !strcmp(e->d_name + strlen(e->d_name) - strlen(end), end);
	if (d)
		(void)closedir(d);
	return cnt;
}

#endif
