// SPDX-License-Identifier: Apache-2.0
#include "incident/incident.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define MAX_RANGE_NS (30 * UINT64_C(86400) * NSEC_PER_SEC)
#define MAX_HINTS    5

int incident_check_name(struct str name, struct err *err)
{
	if (!name.len)
		return err_set(err, EINVAL, "an incident needs a name, such as slow-checkout");
	if (name.len > INCIDENT_NAME_MAX)
		return err_set(err, EINVAL,
			       "the incident's name has %zu bytes: at most %d are allowed",
			       name.len, INCIDENT_NAME_MAX);
	if (str_trim(name).len != name.len)
		return err_set(err, EINVAL, "the incident's name begins or ends with a blank");
	for (size_t i = 0; i < name.len;) {
		struct str rest = {name.p + i, name.len - i};
		size_t n = utf8_len(rest);
		unsigned char c = (unsigned char)rest.p[0];

		/* C1 controls are c2 80 … c2 9f */
		if (!n || c < 0x20 || c == 0x7f ||
		    (n == 2 && c == 0xc2 && (unsigned char)rest.p[1] < 0xa0))
			return err_set(err, EINVAL,
				       "byte %zu of the incident's name is not printable UTF-8",
				       i + 1);
		i += n;
	}
	return 0;
}

int incident_check_range(struct time_range range, int64_t now_ns, struct err *err)
{
	if (range.until_ns <= range.from_ns)
		return err_set(err, EINVAL, "the incident ends %s: its end must be after its start",
			       range.until_ns == range.from_ns ? "when it starts"
							       : "before it starts");
	if (range.until_ns > now_ns)
		return err_set(err, EINVAL,
			       "the incident ends in the future: mark it when it is over, or use "
			       "--start now and --end then");
	if ((uint64_t)range.until_ns - (uint64_t)range.from_ns > MAX_RANGE_NS)
		return err_set(err, EINVAL,
			       "the incident would last more than 30 days: check its start");
	return 0;
}

static bool is_usable(const struct store_mark *m, int64_t now_ns)
{
	bool open = m->until_ns == INT64_MAX;

	return m->name && !incident_check_name(str_of(m->name), NULL) &&
	       m->from_ns < (open ? now_ns : m->until_ns);
}

static int compare(const void *va, const void *vb)
{
	const struct store_mark *a = *(const struct store_mark *const *)va;
	const struct store_mark *b = *(const struct store_mark *const *)vb;
	int c = strcmp(a->name, b->name);

	if (c)
		return c;
	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	if (a->until_ns != b->until_ns)
		return a->until_ns < b->until_ns ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static const char *source_of(const struct store_mark *m)
{
	return m->source && *m->source ? m->source : "unknown";
}

/* Its end as far as is known; *ret_silent: an open one that nobody tells of any more. */
static int64_t end_of(const struct store_mark *m, int64_t now_ns, bool *ret_silent)
{
	int64_t seen_ns = m->alert ? m->alert->seen_ns : now_ns;

	*ret_silent = m->until_ns == INT64_MAX && seen_ns < now_ns - (int64_t)INCIDENT_SILENCE_NS;
	if (m->until_ns != INT64_MAX)
		return m->until_ns;
	return !*ret_silent ? now_ns : seen_ns > m->from_ns ? seen_ns : m->from_ns + 1;
}

/* Joins a mark that overlaps it; marks come by their start. */
static void join(struct incident_recurrence *r, const struct store_mark *m, int64_t until_ns,
		 bool is_silent, const char *first_source)
{
	int64_t earliest_ns = m->alert ? m->from_ns - (int64_t)m->alert->early_ns : m->from_ns;

	if (until_ns > r->range.until_ns)
		r->range.until_ns = until_ns;
	if (earliest_ns < r->range.from_ns - (int64_t)r->early_ns)
		r->early_ns = (uint64_t)(r->range.from_ns - earliest_ns);
	if (m->until_ns == INT64_MAX) {
		r->silent = is_silent && (!r->open || r->silent);
		r->open = true;
	}
	r->sources_differ = r->sources_differ || strcmp(first_source, source_of(m)) != 0;
	r->mark_cnt++;
}

/* Joins the mark to the incident's last recurrence, or begins another one. */
static int add_recurrence(struct incident *i, size_t *cap, const struct store_mark *m,
			  int64_t now_ns, struct buf *sources)
{
	struct incident_recurrence *last =
		i->recurrence_cnt ? &i->recurrences[i->recurrence_cnt - 1] : NULL;
	bool open = m->until_ns == INT64_MAX, silent;
	int64_t until = end_of(m, now_ns, &silent);
	int r;

	i->open = i->open || open;
	if (last && m->from_ns <= last->range.until_ns) {
		join(last, m, until, silent, sources->data + (size_t)(uintptr_t)last->source);
		return 0;
	}
	r = mem_grow(&i->recurrences, cap, i->recurrence_cnt + 1, sizeof(*i->recurrences),
		     SIZE_MAX / sizeof(*i->recurrences));
	if (r)
		return r;
	/* an offset until the bytes have stopped moving */
	i->recurrences[i->recurrence_cnt++] = (struct incident_recurrence){
		.range = {m->from_ns, until},
		.open = open,
		.silent = silent,
		.early_ns = m->alert ? m->alert->early_ns : 0,
		.mark_cnt = 1,
		.source = (const char *)(uintptr_t)sources->len,
	};
	buf_add(sources, source_of(m), strlen(source_of(m)) + 1);
	return buf_error(sources);
}

static int group(struct incident_list *l, const struct store_mark **marks, size_t cnt,
		 int64_t now_ns, struct buf *sources)
{
	size_t incident_cap = 0, cap = 0;
	int r = 0;

	for (size_t i = 0; !r && i < cnt; i++) {
		if (!i || strcmp(marks[i]->name, marks[i - 1]->name)) {
			r = mem_grow(&l->incidents, &incident_cap, l->cnt + 1,
				     sizeof(*l->incidents), SIZE_MAX / sizeof(*l->incidents));
			if (r)
				break;
			l->incidents[l->cnt++] = (struct incident){.name = strdup(marks[i]->name)};
			if (!l->incidents[l->cnt - 1].name)
				return -ENOMEM;
			cap = 0;
		}
		r = add_recurrence(&l->incidents[l->cnt - 1], &cap, marks[i], now_ns, sources);
	}
	return r;
}

int incident_list_make(struct incident_list *ret, const struct store_mark *marks, size_t cnt,
		       int64_t now_ns)
{
	const struct store_mark **sorted = calloc(cnt + 1, sizeof(*sorted));
	struct incident_list l = {0};
	struct buf sources;
	size_t kept = 0;
	int r;

	if (!sorted)
		return -ENOMEM;
	buf_init(&sources, SIZE_MAX / 2);
	for (size_t i = 0; i < cnt; i++)
		if (is_usable(&marks[i], now_ns))
			sorted[kept++] = &marks[i];
	l.left_out = cnt - kept;
	qsort(sorted, kept, sizeof(*sorted), compare);
	r = group(&l, sorted, kept, now_ns, &sources);
	free(sorted);
	if (r) {
		buf_release(&sources);
		incident_list_release(&l);
		return r == -ENOSPC ? -ENOMEM : r;
	}
	if (sources.len)
		l.sources = buf_detach(&sources, NULL);
	for (size_t i = 0; i < l.cnt; i++)
		for (size_t k = 0; k < l.incidents[i].recurrence_cnt; k++)
			l.incidents[i].recurrences[k].source =
				l.sources + (uintptr_t)l.incidents[i].recurrences[k].source;
	buf_release(&sources);
	*ret = l;
	return 0;
}

void incident_list_release(struct incident_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->cnt; i++) {
		free(l->incidents[i].name);
		free(l->incidents[i].recurrences);
	}
	free(l->incidents);
	free(l->sources);
	memset(l, 0, sizeof(*l));
}

const struct incident *incident_find(const struct incident_list *l, struct str name)
{
	size_t low = 0, high = l->cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = str_cmp(str_of(l->incidents[mid].name), name);

		if (!c)
			return &l->incidents[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static size_t common_prefix(const char *a, struct str b)
{
	size_t n = 0;

	while (n < b.len && a[n] && a[n] == b.p[n])
		n++;
	return n;
}

/* The names that share the longest beginning with what was asked for; all alike: the first ones. */
static void add_hints(const struct incident_list *l, struct str name, struct buf *b)
{
	size_t longest = 0, shown = 0;

	for (size_t i = 0; i < l->cnt; i++)
		if (common_prefix(l->incidents[i].name, name) > longest)
			longest = common_prefix(l->incidents[i].name, name);
	for (size_t i = 0; i < l->cnt && shown < MAX_HINTS; i++)
		if (common_prefix(l->incidents[i].name, name) == longest)
			buf_addf(b, "%s'%s'", shown++ ? ", " : "", l->incidents[i].name);
}

/* The only one that is called so, with labels behind the name. */
static const struct incident *find_labelled(const struct incident_list *l, struct str name)
{
	const struct incident *found = NULL;

	for (size_t i = 0; i < l->cnt; i++) {
		const char *labelled = l->incidents[i].name;

		if (strncmp(labelled, name.p, name.len) || labelled[name.len] != '{')
			continue;
		if (found)
			return NULL;
		found = &l->incidents[i];
	}
	return found;
}

int incident_get(const struct incident_list *l, struct str name, const struct incident **ret,
		 struct err *err)
{
	const struct incident *i = incident_find(l, name);
	struct buf b;
	int r;

	if (!i)
		i = find_labelled(l, name);
	if (i) {
		*ret = i;
		return 0;
	}
	if (!l->cnt)
		return err_set(err, ENOENT,
			       "no incident is known yet: note one with culprit mark '%.*s' T..T",
			       (int)(name.len < INCIDENT_NAME_MAX ? name.len : INCIDENT_NAME_MAX),
			       name.p);
	buf_init(&b, 4096);
	add_hints(l, name, &b);
	r = err_set(err, ENOENT, "no incident is called '%.*s'; known: %s",
		    (int)(name.len < INCIDENT_NAME_MAX ? name.len : INCIDENT_NAME_MAX), name.p,
		    buf_error(&b) ? "others" : b.data);
	buf_release(&b);
	return r;
}
