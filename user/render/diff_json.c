// SPDX-License-Identifier: Apache-2.0
#include "render/diff_json.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/times.h"
#include "diff/diff_tables.h"

#define VERSION 2
#define DIGITS	6

struct page {
	const struct diff *d;
	const struct diff_json_options *opt;
	struct json j;
};

static void add_time(struct json *j, const char *key, int64_t ns)
{
	struct buf b;

	if (!ns) {
		json_null(j, key);
		return;
	}
	buf_init(&b, 64);
	time_add(&b, ns);
	json_str(j, key, buf_str(&b));
	if (buf_error(&b))
		j->out->error = buf_error(&b);
	buf_release(&b);
}

/* 0 means unknown. */
static void add_known(struct json *j, const char *key, double v, int digits)
{
	if (v > 0)
		json_double(j, key, v, digits);
	else
		json_null(j, key);
}

static void add_side(struct page *p, const char *key, enum diff_which side)
{
	const struct diff_side *s = &p->d->side[side];
	struct json *j = &p->j;

	json_object(j, key);
	json_cstr(j, "label", s->label);
	add_time(j, "from", s->start_ns);
	add_time(j, "until", s->end_ns);
	add_known(j, "length_s", (double)s->length_ns / NSEC_PER_SEC, 12);
	add_known(j, "capacity_s", (double)s->capacity_ns / NSEC_PER_SEC, 12);
	json_u64(j, "windows", s->window_cnt);
	json_u64(j, "measurements", s->replicate_cnt);
	add_known(j, "cpus", s->cpus, 10);
	add_known(j, "hz", s->hz, DIGITS);
	json_double(j, "total", diff_total(p->d, 0, side), DIGITS);
	add_known(j, "samples", (double)s->cnt, 15);
	json_u64(j, "lost_samples", s->lost_cnt);
	json_double(j, "lost_share", s->lost_share, DIGITS);
	json_end(j);
}

static void add_noise(struct json *j, const char *error_key, const char *within_key,
		      const struct diff *d, const struct diff_row *row, enum diff_order order)
{
	if (d->noise_basis == DIFF_NOISE_UNKNOWN) {
		json_null(j, error_key);
		json_null(j, within_key);
		return;
	}
	json_double(j, error_key, row->noise[order], DIGITS);
	json_bool(j, within_key, row->within_noise[order]);
}

static void add_change(struct json *j, const struct diff_row *row)
{
	static const char *const names[] = {
		[DIFF_NEITHER] = "neither",
		[DIFF_NEW] = "new",
		[DIFF_GONE] = "gone",
		[DIFF_BOTH] = "both",
	};
	double a = row->total[DIFF_A], b = row->total[DIFF_B];

	json_double(j, "delta", b - a, DIGITS);
	if (a > 0 && b > 0)
		json_double(j, "ratio", b / a, DIGITS);
	else
		json_null(j, "ratio");
	json_cstr(j, "change", names[diff_change(a, b)]);
}

static void add_values(struct page *p, const struct diff_row *row)
{
	struct json *j = &p->j;

	if (!p->d->single) {
		json_double(j, "a", row->total[DIFF_A], DIGITS);
		json_double(j, "b", row->total[DIFF_B], DIGITS);
		add_change(j, row);
		add_noise(j, "noise", "within_noise", p->d, row, DIFF_BY_TOTAL);
		json_double(j, "share_a", row->share[DIFF_A], DIGITS);
		json_double(j, "share_b", row->share[DIFF_B], DIGITS);
		json_u64(j, "samples_a", row->cnt[DIFF_A]);
	} else {
		json_double(j, "b", row->total[DIFF_B], DIGITS);
		json_double(j, "share_b", row->share[DIFF_B], DIGITS);
	}
	json_u64(j, "samples_b", row->cnt[DIFF_B]);
}

static int add_processes(struct page *p)
{
	struct diff_table t;
	int r;

	r = diff_processes(p->d, &t);
	if (r)
		return r;
	json_array(&p->j, "processes");
	for (size_t i = 0; i < t.cnt; i++) {
		json_object(&p->j, NULL);
		json_str(&p->j, "process", t.rows[i].name);
		add_values(p, &t.rows[i]);
		json_end(&p->j);
	}
	json_end(&p->j);
	diff_table_release(&t);
	return 0;
}

static int add_functions(struct page *p)
{
	struct json *j = &p->j;
	struct diff_table t;
	int r;

	r = diff_functions(p->d, DIFF_BY_SELF, &t);
	if (r)
		return r;
	json_array(j, "functions");
	for (size_t i = 0; i < t.cnt; i++) {
		const struct diff_row *row = &t.rows[i];

		if (p->opt->max_functions && i == p->opt->max_functions)
			break;
		json_object(j, NULL);
		json_str(j, "function", row->name);
		json_str(j, "module", row->module);
		add_values(p, row);
		if (!p->d->single)
			json_double(j, "self_a", row->self[DIFF_A], DIGITS);
		json_double(j, "self_b", row->self[DIFF_B], DIGITS);
		if (!p->d->single) {
			json_double(j, "self_delta", diff_row_delta(row, DIFF_BY_SELF), DIGITS);
			add_noise(j, "self_noise", "self_within_noise", p->d, row, DIFF_BY_SELF);
		}
		json_end(j);
	}
	json_end(j);
	diff_table_release(&t);
	return 0;
}

enum column {
	COLUMN_NAME,
	COLUMN_MODULE,
	COLUMN_KIND,
	COLUMN_PARENT,
	COLUMN_SELF,
	COLUMN_TOTAL,
	COLUMN_SAMPLES,
};

static void add_column(struct page *p, const char *key, enum column what, enum diff_which side)
{
	const struct diff *d = p->d;

	json_array(&p->j, key);
	for (uint32_t n = 0; n < d->node_cnt; n++) {
		if (what == COLUMN_NAME)
			json_u64(&p->j, NULL, d->nodes[n].name);
		else if (what == COLUMN_MODULE)
			json_u64(&p->j, NULL, d->nodes[n].module);
		else if (what == COLUMN_KIND)
			json_u64(&p->j, NULL, d->nodes[n].kind);
		else if (what == COLUMN_PARENT)
			json_u64(&p->j, NULL, d->nodes[n].parent);
		else if (what == COLUMN_SAMPLES)
			json_u64(&p->j, NULL, diff_samples(d, n, side));
		else
			json_double(&p->j, NULL,
				    what == COLUMN_SELF ? diff_self(d, n, side)
							: diff_total(d, n, side),
				    DIGITS);
	}
	json_end(&p->j);
}

static void add_tree(struct page *p)
{
	struct json *j = &p->j;

	if (p->opt->no_tree) {
		json_null(j, "tree");
		return;
	}
	json_object(j, "tree");
	json_u64(j, "group_levels", p->d->group_cnt);
	json_array(j, "strings");
	for (uint32_t i = 0; i < intern_cnt(&p->d->names); i++)
		json_str(j, NULL, intern_get(&p->d->names, i));
	json_end(j);
	add_column(p, "name", COLUMN_NAME, DIFF_B);
	add_column(p, "module", COLUMN_MODULE, DIFF_B);
	add_column(p, "kind", COLUMN_KIND, DIFF_B);
	add_column(p, "parent", COLUMN_PARENT, DIFF_B);
	if (!p->d->single) {
		add_column(p, "self_a", COLUMN_SELF, DIFF_A);
		add_column(p, "total_a", COLUMN_TOTAL, DIFF_A);
		add_column(p, "samples_a", COLUMN_SAMPLES, DIFF_A);
	}
	add_column(p, "self_b", COLUMN_SELF, DIFF_B);
	add_column(p, "total_b", COLUMN_TOTAL, DIFF_B);
	add_column(p, "samples_b", COLUMN_SAMPLES, DIFF_B);
	json_end(j);
}

static void add_basis(struct page *p)
{
	static const char *const names[] = {
		[DIFF_NOISE_UNKNOWN] = "unknown",
		[DIFF_NOISE_COUNTING] = "counting",
		[DIFF_NOISE_WINDOWS] = "windows",
	};
	struct buf words;

	if (p->d->single) {
		json_null(&p->j, "noise");
		return;
	}
	buf_init(&words, 4096);
	diff_add_noise_words(p->d, &words);
	json_object(&p->j, "noise");
	json_cstr(&p->j, "basis", names[p->d->noise_basis]);
	json_double(&p->j, "confidence", 0.95, 2);
	json_str(&p->j, "words", buf_str(&words));
	json_end(&p->j);
	if (buf_error(&words))
		p->j.out->error = buf_error(&words);
	buf_release(&words);
}

static void add_losses(struct page *p)
{
	json_object(&p->j, "lost");
	for (int side = p->d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		json_object(&p->j, side == DIFF_A ? "a" : "b");
		for (unsigned int i = 0; i < LOSS_CNT; i++)
			if (p->d->side[side].lost[i] && loss_name(i))
				json_u64(&p->j, loss_name(i), p->d->side[side].lost[i]);
		json_end(&p->j);
	}
	json_end(&p->j);
}

int diff_json(const struct diff *d, const struct diff_json_options *opt, struct buf *out)
{
	static const char *const normalised[] = {
		[DIFF_NORMALISE_NONE] = "none",
		[DIFF_NORMALISE_TIME] = "time",
		[DIFF_NORMALISE_TOTAL] = "total",
	};
	static const struct diff_json_options defaults;
	struct page p = {.d = d, .opt = opt ? opt : &defaults};
	int r;

	json_init(&p.j, out, p.opt->pretty);
	json_object(&p.j, NULL);
	json_u64(&p.j, "version", VERSION);
	if (d->single)
		json_null(&p.j, "a");
	else
		add_side(&p, "a", DIFF_A);
	add_side(&p, "b", DIFF_B);
	json_cstr(&p.j, "unit", diff_unit_name(d->unit));
	json_cstr(&p.j, "normalised", normalised[d->normalised]);
	json_cstr(&p.j, "normalised_words", diff_normalised_words(d));
	add_basis(&p);
	r = add_processes(&p);
	if (!r)
		r = add_functions(&p);
	if (r)
		return r;
	add_tree(&p);
	add_losses(&p);
	json_array(&p.j, "notes");
	for (uint32_t i = 0; i < d->note_cnt; i++)
		json_cstr(&p.j, NULL, d->notes[i]);
	json_end(&p.j);
	json_end(&p.j);
	if (!p.opt->pretty)
		buf_addch(out, '\n');
	return buf_error(out);
}
