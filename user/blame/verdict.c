// SPDX-License-Identifier: Apache-2.0
#include "blame/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTES 64

static void free_evidence(struct verdict_evidence *x)
{
	if (!x)
		return;
	free(x->recurrences);
	for (size_t i = 0; i < x->why_cnt; i++)
		free(x->why[i]);
	free(x);
}

void verdict_entity_release(struct verdict_entity *e)
{
	free((char *)e->name.p);
	free((char *)e->after.p);
	free(e->levels);
	free(e->hit);
	free_evidence(e->evidence);
	memset(e, 0, sizeof(*e));
}

static void free_entities(struct verdict_entity *e, size_t cnt)
{
	for (size_t i = 0; e && i < cnt; i++)
		verdict_entity_release(&e[i]);
	free(e);
}

void verdict_free(struct verdict *v)
{
	if (!v)
		return;
	free_entities(v->suspects, v->suspect_cnt);
	free_entities(v->victims, v->victim_cnt);
	free_entities(v->explained, 1);
	for (size_t i = 0; i < v->cause_cnt; i++)
		free(v->causes[i].incidents);
	free(v->causes);
	free((char *)v->open_leader.p);
	free(v->incidents);
	free(v->windows);
	free(v->baseline);
	for (size_t i = 0; i < v->note_cnt; i++)
		free(v->notes[i]);
	free(v->notes);
	free(v);
}

const char *verdict_kind_name(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_NAMED:
		return "named";
	case VERDICT_SHORTLIST:
		return "shortlist";
	case VERDICT_SCHEDULE_CONFOUNDED:
		return "schedule-confounded";
	case VERDICT_CPU_DID_NOT_RISE:
		return "cpu-did-not-rise";
	case VERDICT_NEED_MORE:
		return "need-more";
	}
	return "unknown";
}

const char *verdict_role_name(enum verdict_role role)
{
	switch (role) {
	case ROLE_CULPRIT:
		return "culprit";
	case ROLE_SUSPECT:
		return "suspect";
	case ROLE_VICTIM:
		return "victim";
	case ROLE_REACTS:
		return "reacts";
	}
	return "unknown";
}

enum verdict_side verdict_side(const struct verdict *v, int64_t start_ns, uint64_t length_ns)
{
	int64_t middle = start_ns + (int64_t)(length_ns / 2);

	for (uint32_t i = 0; i < v->recurrences; i++)
		if (middle >= v->windows[i].from_ns && middle < v->windows[i].until_ns)
			return SIDE_INCIDENT;
	for (size_t i = 0; i < v->baseline_cnt; i++)
		if (middle >= v->baseline[i].from_ns && middle < v->baseline[i].until_ns)
			return SIDE_BASELINE;
	return SIDE_NEITHER;
}

int verdict_note(struct verdict *v, const char *fmt, ...)
{
	char text[1024];
	char **more;
	va_list ap;
	int n;

	if (v->note_cnt >= MAX_NOTES)
		return -ENOSPC;
	more = realloc(v->notes, (v->note_cnt + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	v->notes = more;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		text[0] = '\0';
	v->notes[v->note_cnt] = strdup(text);
	if (!v->notes[v->note_cnt])
		return -ENOMEM;
	v->note_cnt++;
	return 0;
}
