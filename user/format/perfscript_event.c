// SPDX-License-Identifier: Apache-2.0
#include "format/perfscript_event.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

/* cpu-clock:ppp is cpu-clock */
static struct str event_base(struct str event)
{
	const char *colon = event.len ? memchr(event.p, ':', event.len) : NULL;

	if (colon && colon > event.p && event.p + event.len - colon <= 6)
		event.len = (size_t)(colon - event.p);
	return event;
}

bool perfscript_event_is_clock(struct str event)
{
	struct str base = event_base(event);

	return str_eq(base, STR_LIT("cpu-clock")) || str_eq(base, STR_LIT("task-clock"));
}

/* As it is kept in the report. */
static struct str event_name(struct str event)
{
	if (event.len >= PERFSCRIPT_EVENT_NAME)
		event.len = PERFSCRIPT_EVENT_NAME - 1;
	return event;
}

uint32_t perfscript_event_find(struct perfscript_report *rep, struct str event)
{
	uint32_t i;

	event = event_name(event);
	for (i = 0; i < rep->event_cnt; i++)
		if (str_eq(str_of(rep->events[i].name), event))
			return i;
	if (i == PERFSCRIPT_EVENTS)
		return i - 1;
	if (event.len)
		memcpy(rep->events[i].name, event.p, event.len);
	rep->event_cnt++;
	return i;
}

static int refuse(const struct perfscript_report *rep, struct str wanted, struct err *err)
{
	struct buf b;
	int r;

	buf_init(&b, (size_t)PERFSCRIPT_EVENTS * (PERFSCRIPT_EVENT_NAME + 16));
	for (uint32_t i = 0; i < rep->event_cnt; i++)
		buf_addf(&b, "%s%s", i ? ", " : "",
			 rep->events[i].name[0] ? rep->events[i].name : "(not printed)");
	r = err_set(err, EINVAL, "no event '%.*s' in it; there are: %s", (int)wanted.len, wanted.p,
		    b.data ? b.data : "none");
	buf_release(&b);
	return r;
}

static bool find_base(struct perfscript_report *rep, struct str base)
{
	for (uint32_t i = 0; i < rep->event_cnt; i++) {
		struct str name = str_of(rep->events[i].name);

		if (!str_eq(name, base) && !str_eq(event_base(name), base))
			continue;
		rep->event = i;
		return true;
	}
	return false;
}

int perfscript_event_choose(struct perfscript_report *rep, struct str wanted, struct err *err)
{
	static const char *const preferred[] = {"cycles", "cpu-clock", "task-clock"};

	rep->was_chosen = !wanted.len;
	rep->event = 0;
	if (wanted.len)
		return find_base(rep, event_name(wanted)) ? 0 : refuse(rep, wanted, err);
	for (size_t k = 0; k < ARRAY_SIZE(preferred); k++)
		if (find_base(rep, str_of(preferred[k])))
			break;
	return 0;
}

void perfscript_report_add(struct buf *b, const struct perfscript_report *rep)
{
	const char *sep = "";

	rejects_tell(&rep->rejects, rep->samples, b);
	if (rep->rejects.cnt)
		sep = ", ";
	if (rep->was_chosen && rep->event_cnt > 1) {
		buf_addf(b, "%sshows event %s; there are also ", sep, rep->events[rep->event].name);
		sep = "";
		for (uint32_t i = 0; i < rep->event_cnt; i++) {
			if (i == rep->event)
				continue;
			buf_addf(b, "%s%s (%" PRIu64 " samples)", sep, rep->events[i].name,
				 rep->events[i].samples);
			sep = ", ";
		}
		buf_addstr(b, " (--type EVENT)");
		sep = ", ";
	}
	if (rep->no_time)
		buf_addf(b, "%sweighs by the period of %s, which is no CPU time: shown as samples",
			 sep, rep->events[rep->event].name);
}
