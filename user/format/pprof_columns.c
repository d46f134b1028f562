// SPDX-License-Identifier: Apache-2.0
/* Which of a sample's values is read, and what it means in nanoseconds or samples. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "format/pprof_names.h"
#include "format/pprof_reader.h"

static int get_value_type(struct pprof_reader *s, const Perftools__Profiles__ValueType *vt,
			  const char *what, uint64_t n, struct str *ret_type, struct str *ret_unit)
{
	int r = pprof_string(s, vt->type, what, n, ret_type);

	return r ? r : pprof_string(s, vt->unit, what, n, ret_unit);
}

/* "alloc_space" or "alloc_space/bytes" */
static bool is_called(struct str wanted, struct str type, struct str unit)
{
	if (!wanted.len || wanted.len < type.len ||
	    (type.len && memcmp(wanted.p, type.p, type.len)))
		return false;
	wanted = (struct str){wanted.p + type.len, wanted.len - type.len};
	return !wanted.len ||
	       (wanted.p[0] == '/' && str_eq((struct str){wanted.p + 1, wanted.len - 1}, unit));
}

static int refuse_type(struct pprof_reader *s)
{
	struct str type, unit;

	buf_clear(&s->scratch);
	for (size_t i = 0; i < s->pb->n_sample_type; i++) {
		if (get_value_type(s, s->pb->sample_type[i], "sample type", i, &type, &unit))
			return -EINVAL;
		buf_addstr(&s->scratch, i ? ", " : "");
		text_add_clean(&s->scratch, type);
		buf_addch(&s->scratch, '/');
		text_add_clean(&s->scratch, unit);
	}
	return err_set(s->err, EINVAL, "no sample type '%.*s' in it; there are: %s",
		       (int)s->opts->type.len, s->opts->type.p,
		       s->scratch.data ? s->scratch.data : "none");
}

/* Picks the columns: see pprof.h. */
static int choose_columns(struct pprof_reader *s)
{
	size_t asked = PPROF_NO_COLUMN, by_default = PPROF_NO_COLUMN, cpu = PPROF_NO_COLUMN;
	struct str type, unit, wanted;
	int r;

	r = pprof_string(s, s->pb->default_sample_type, "default sample type", 0, &wanted);
	s->count_at = PPROF_NO_COLUMN;
	for (size_t i = 0; !r && i < s->pb->n_sample_type; i++) {
		r = get_value_type(s, s->pb->sample_type[i], "sample type", i, &type, &unit);
		if (r)
			break;
		if (is_called(s->opts->type, type, unit))
			asked = i;
		if (str_eq(type, STR_LIT("cpu")) && pprof_time_unit(unit))
			cpu = i;
		if (str_eq(type, STR_LIT("samples")) && str_eq(unit, STR_LIT("count")))
			s->count_at = i;
		if (wanted.len && str_eq(type, wanted))
			by_default = i;
	}
	if (!r && s->opts->type.len && asked == PPROF_NO_COLUMN)
		return refuse_type(s);
	s->value_at = asked != PPROF_NO_COLUMN	      ? asked
		      : by_default != PPROF_NO_COLUMN ? by_default
		      : cpu != PPROF_NO_COLUMN	      ? cpu
						      : s->pb->n_sample_type - 1;
	return r;
}

static int read_period(struct pprof_reader *s)
{
	struct str type, unit;
	int r;

	if (!s->pb->period_type)
		return 0;
	r = get_value_type(s, s->pb->period_type, "period type", 0, &type, &unit);
	if (!r && s->pb->period > 0 &&
	    __builtin_mul_overflow((uint64_t)s->pb->period, pprof_time_unit(unit), &s->period_ns))
		s->period_ns = 0;
	return r;
}

int pprof_choose_unit(struct pprof_reader *s)
{
	struct str type, unit;
	int r;

	r = choose_columns(s);
	if (!r)
		r = read_period(s);
	if (!r)
		r = get_value_type(s, s->pb->sample_type[s->value_at], "sample type", s->value_at,
				   &type, &unit);
	if (r)
		return r;
	s->unit = PROFILE_NANOSECONDS;
	s->scale = pprof_time_unit(unit);
	/* who asks for counts by name gets counts */
	if (!s->scale && !s->opts->type.len && str_eq(unit, STR_LIT("count")) && s->period_ns) {
		s->scale = s->period_ns;
		s->count_at = s->value_at;
	}
	if (!s->scale) {
		s->unit = PROFILE_SAMPLES;
		s->scale = 1;
		s->report->other_unit = !str_eq(unit, STR_LIT("count"));
	}
	buf_clear(&s->scratch);
	text_add_clean(&s->scratch, type);
	buf_addch(&s->scratch, '/');
	text_add_clean(&s->scratch, unit);
	snprintf(s->report->type, sizeof(s->report->type), "%s",
		 s->scratch.data ? s->scratch.data : "");
	return 0;
}
