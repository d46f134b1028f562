// SPDX-License-Identifier: Apache-2.0
#include "pyroscope.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ship/pull.h"
#include "ship/target.h"

#define PREFIX	 "pyroscope+"
#define USUAL_NS (3600 * NSEC_PER_SEC)
#define MAX_TYPE 256

bool pyroscope_is(const char *source)
{
	return !strncmp(source, PREFIX "http://", 17) || !strncmp(source, PREFIX "https://", 18);
}

static int open_querier(const char *source, const struct load_opts *load, struct querier **ret,
			struct err *err)
{
	char type[MAX_TYPE];
	struct target target;
	struct querier_opts opts = {.http = &target.http, .matcher = load->matcher};
	int r;

	if (load->type.len >= sizeof(type))
		return err_set(err, EINVAL, "--type: longer than %d bytes", MAX_TYPE - 1);
	if (load->column || load->exact || load->moments)
		return err_set(err, EINVAL,
			       "%s: a backend has no times of single samples and no "
			       "two sides",
			       source);
	if (load->type.len) {
		(void)snprintf(type, sizeof(type), "%.*s", (int)load->type.len, load->type.p);
		opts.type = type;
	}
	r = target_parse(source + strlen(PREFIX), &target, err);
	if (!r)
		r = querier_new(&opts, ret, err);
	target_release(&target);
	return r;
}

/* The last hour, if nobody says when; a range of which one end is open is none. */
static int ranges_of(const struct load_opts *load, struct time_range *usual,
		     const struct time_range **ret, size_t *ret_cnt, struct err *err)
{
	int64_t now_ns = clock_wall_ns(&clock_system);

	*ret = load->ranges;
	*ret_cnt = load->range_cnt;
	if (load->range_cnt == 1) {
		*usual = load->ranges[0];
		if (usual->until_ns == INT64_MAX)
			usual->until_ns = now_ns;
		if (usual->from_ns == INT64_MIN)
			usual->from_ns = usual->until_ns - (int64_t)USUAL_NS;
		*ret = usual;
		if (usual->from_ns >= usual->until_ns)
			return err_set(err, EINVAL, "the range is in the future");
	} else if (!load->range_cnt) {
		*usual = (struct time_range){now_ns - (int64_t)USUAL_NS, now_ns};
		*ret = usual;
		*ret_cnt = 1;
	}
	return 0;
}

/* A backend and when: what every question begins with. */
struct asking {
	struct querier *q;
	const struct time_range *ranges;
	size_t cnt;
	struct time_range usual;
	struct pull_opts opts;
};

static int begin(struct asking *a, const char *source, const struct pyroscope_query *query,
		 struct err *err)
{
	int r = ranges_of(query->load, &a->usual, &a->ranges, &a->cnt, err);

	a->q = NULL;
	a->opts = (struct pull_opts){.only = query->only, .only_cnt = query->only_cnt};
	if (query->key && strcmp(query->key, LABEL_PROCESS))
		a->opts.key = str_of(query->key);
	return r ? r : open_querier(source, query->load, &a->q, err);
}

int pyroscope_profile(const char *source, const struct pyroscope_query *query, struct profile **ret,
		      struct err *err)
{
	struct asking a;
	int r = begin(&a, source, query, err);

	if (!r)
		r = pull_profile(a.q, &a.opts, a.ranges, a.cnt, ret, err);
	querier_free(a.q);
	return r;
}

int pyroscope_windows(const char *source, const struct pyroscope_query *query, load_window_fn fn,
		      void *arg, struct err *err)
{
	struct asking a;
	int r = begin(&a, source, query, err);

	for (size_t i = 0; !r && i < a.cnt; i++)
		r = pull_windows(a.q, &a.opts, a.ranges[i], fn, arg, err);
	querier_free(a.q);
	return r;
}

/* __profile_type__, __unit__, …: of the backend's own */
static bool is_internal(struct str label)
{
	return label.len > 2 && label.p[0] == '_' && label.p[1] == '_';
}

static void add_line(struct buf *out, const char *indent, struct str s)
{
	buf_addstr(out, indent);
	text_add_clean(out, s);
	buf_addch(out, '\n');
}

/* Values of a day, the range's last. */
static int add_values(struct querier *q, struct str label, struct time_range range, size_t top,
		      struct buf *out, struct err *err)
{
	struct query_names values;
	int r;

	if (range.until_ns - range.from_ns > (int64_t)QUERIER_MAX_RANGE_NS)
		range.from_ns = range.until_ns - (int64_t)QUERIER_MAX_RANGE_NS;
	r = querier_values(q, label, range, &values, err);
	if (!r && values.cnt) {
		text_add_clean(out, label);
		buf_addf(out, " (%zu)\n", values.cnt);
		for (size_t i = 0; i < values.cnt && (!top || i < top); i++)
			add_line(out, "  ", values.items[i]);
		if (top && values.cnt > top)
			buf_addf(out, "  … and %zu more (--top 0 shows all)\n", values.cnt - top);
	}
	query_names_release(&values);
	return r;
}

int pyroscope_list(const char *source, const struct pyroscope_query *query, size_t top,
		   struct buf *out, struct err *err)
{
	struct query_names types = {.items = NULL}, labels = {.items = NULL};
	struct asking a;
	int r = begin(&a, source, query, err);

	if (!r)
		r = querier_types(a.q, a.ranges[0], &types, err);
	for (size_t i = 0; !r && i < types.cnt; i++) {
		if (!i)
			buf_addstr(out, "profile types\n");
		add_line(out, "  ", types.items[i]);
	}
	if (!r)
		r = querier_labels(a.q, a.ranges[0], &labels, err);
	for (size_t i = 0; !r && i < labels.cnt; i++)
		if (!is_internal(labels.items[i]))
			r = add_values(a.q, labels.items[i], a.ranges[0], top, out, err);
	if (!r && !types.cnt)
		r = err_set(err, ENODATA, "%s: nothing there in that time", querier_name(a.q));
	query_names_release(&types);
	query_names_release(&labels);
	querier_free(a.q);
	return r;
}
