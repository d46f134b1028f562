// SPDX-License-Identifier: Apache-2.0
#include "ls_json.h"

#include <stdlib.h>

#include "base/json.h"

static void add_time(struct json *j, const char *key, int64_t ns)
{
	struct buf text;

	buf_init(&text, 64);
	time_add(&text, ns);
	json_str(j, key, buf_str(&text));
	buf_release(&text);
}

static void add_losses(struct json *j, const uint64_t lost[LOSS_CNT])
{
	json_object(j, "lost");
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (lost[i] && loss_name(i))
			json_u64(j, loss_name(i), lost[i]);
	json_end(j);
}

/* Shares of the time watched; only those that are known. */
static void add_pressure(struct json *j, const struct pressure pressure[PRESSURE_CNT])
{
	bool any = false;

	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		if (!pressure[i].watched_ns)
			continue;
		if (!any)
			json_object(j, "pressure");
		any = true;
		json_double(j, pressure_name(i), pressure_share(&pressure[i]), 6);
	}
	if (any)
		json_end(j);
}

static void add_blocks(struct json *j, const struct store_info *info)
{
	json_array(j, "blocks");
	for (size_t i = 0; i < info->block_cnt; i++) {
		const struct store_block_info *b = &info->blocks[i];

		json_object(j, NULL);
		json_cstr(j, "file", b->file);
		if (b->window_cnt) {
			add_time(j, "from", b->first_ns);
			add_time(j, "until", b->last_ns);
		}
		json_u64(j, "windows", b->window_cnt);
		json_u64(j, "samples", b->sample_cnt);
		json_u64(j, "bytes", b->bytes);
		json_cstr(j, "damaged", b->damaged);
		json_end(j);
	}
	json_end(j);
}

static int by_weight(const void *va, const void *vb)
{
	const struct sample *a = *(const struct sample *const *)va;
	const struct sample *b = *(const struct sample *const *)vb;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return (a->series > b->series) - (a->series < b->series);
}

static void add_series(struct json *j, const struct profile *p, uint64_t top)
{
	const struct sample **order = calloc(p->sample_cnt + 1, sizeof(*order));
	size_t cnt = order ? p->sample_cnt : 0;

	for (size_t i = 0; i < cnt; i++)
		order[i] = &p->samples[i];
	if (cnt)
		qsort(order, cnt, sizeof(*order), by_weight);
	if (top && cnt > top)
		cnt = (size_t)top;
	for (size_t i = 0; i < cnt; i++) {
		const struct series *s = &p->series[order[i]->series];

		json_object(j, NULL);
		json_object(j, "labels");
		for (uint32_t k = 0; k < s->label_cnt; k++) {
			const struct label *l = &p->labels[s->first_label + k];

			/* keys are texts that end in NUL where they come from */
			json_str(j, profile_str(p, l->key).p, profile_str(p, l->value));
		}
		json_end(j);
		if (p->unit == PROFILE_NANOSECONDS)
			json_double(j, "cpu_seconds", (double)order[i]->weight / 1e9, 12);
		json_u64(j, "samples",
			 p->unit == PROFILE_NANOSECONDS ? order[i]->cnt : order[i]->weight);
		json_end(j);
	}
	free(order);
}

void ls_json_info(const struct store_info *info, uint64_t top, struct buf *out)
{
	struct pressure pressure[PRESSURE_CNT] = {0};
	uint64_t lost[LOSS_CNT] = {0};
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "version", 1);
	add_blocks(&j, info);
	json_array(&j, "series");
	for (size_t unit = 0; unit < ARRAY_SIZE(info->totals); unit++) {
		if (!info->totals[unit])
			continue;
		add_series(&j, info->totals[unit], top);
		for (unsigned int i = 0; i < LOSS_CNT; i++)
			lost[i] += info->totals[unit]->lost[i];
		for (unsigned int i = 0; i < PRESSURE_CNT; i++)
			pressure_add(&pressure[i], &info->totals[unit]->pressure[i]);
	}
	json_end(&j);
	add_losses(&j, lost);
	add_pressure(&j, pressure);
	json_end(&j);
	buf_addch(out, '\n');
}

static int add_window(void *arg, const struct profile *p)
{
	struct json *j = arg;

	json_object(j, NULL);
	add_time(j, "start", p->start_ns);
	json_double(j, "seconds", (double)p->length_ns / 1e9, 12);
	json_u64(j, "cpus", p->cpus);
	json_double(j, "hz", p->hz, 12);
	json_u64(j, "samples", p->total_cnt);
	if (p->unit == PROFILE_NANOSECONDS)
		json_double(j, "cpu_seconds", (double)p->total / 1e9, 12);
	add_losses(j, p->lost);
	add_pressure(j, p->pressure);
	json_end(j);
	return buf_error(j->out);
}

int ls_json_windows(struct store *s, struct time_range range, struct buf *out, struct err *err)
{
	struct json j;
	int r;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "version", 1);
	json_array(&j, "windows");
	r = store_each(s, range, NULL, add_window, &j, err);
	json_end(&j);
	json_end(&j);
	buf_addch(out, '\n');
	return r;
}
