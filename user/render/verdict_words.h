/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_words.h - what a verdict says, in sentences: the same words in every format.
 *
 * Everything appends plain text to a buf. Names are cleaned and cut, nothing else is escaped: that
 * is the format's own work. Sentences that are longer than a line take the text `brk` where one may
 * be broken (" " for formats that wrap by themselves). Errors are those of the buf.
 */
#ifndef RENDER_VERDICT_WORDS_H
#define RENDER_VERDICT_WORDS_H

#include "base/buf.h"
#include "base/compiler.h"
#include "blame/verdict.h"
#include "blame/where.h"
#include "diff/descend.h"

/* What the verdict itself does not know; all of it borrowed, all of it optional. */
struct verdict_view {
	struct str incident; /* its name; empty: "the incident" */
	struct str key;	     /* the label that processes were told apart by; empty: "process" */
	const struct descend *paths; /* path_cnt of them, in the order of v->suspects */
	size_t path_cnt;
	const struct where *places; /* place_cnt of them, in the same order */
	size_t place_cnt;
	bool untimed; /* the incidents are numbers only: their times are made up and not shown */
};

/* The answer in one sentence, without a full stop: for logs and notifications, too. */
void verdict_headline(const struct verdict *v, const struct verdict_view *view, struct buf *out);

/* "'slow-checkout'", or "the incident" */
void verdict_add_incident(struct buf *b, const struct verdict_view *view);

/* A level without its unit, and what follows it: " cores". */
void verdict_add_level(struct buf *b, const struct verdict *v, double level);
const char *verdict_unit(const struct verdict *v);

/* "levels in cores" goes on as that: " in cores", " as shares of all samples" */
const char *verdict_unit_words(const struct verdict *v);

/* E_false as a number, and what it means: "…: once in 1,600 cases like this". */
void verdict_add_luck(struct buf *b, double e_false);
void verdict_add_luck_words(struct buf *b, const struct verdict *v, const struct verdict_entity *e);

/* The p-value against shifted times, with its floor: a sentence. */
void verdict_add_p(struct buf *b, const struct verdict *v, const struct verdict_entity *e);

/* How often it is that busy otherwise: a sentence. */
void verdict_add_rarity(struct buf *b, const struct verdict *v, const struct verdict_entity *e);

/* Hits that do not count as separate ones: a sentence, or nothing. */
void verdict_add_runs(struct buf *b, const struct verdict_entity *e);

/* Of one of several causes: by what it was judged, and what its luck is charged for. Or nothing. */
void verdict_add_part(struct buf *b, const struct verdict *v, size_t suspect);

/* When it rose, against the marked start and against others: a sentence, or nothing. */
void verdict_add_order(struct buf *b, const struct verdict *v, const struct verdict_entity *e);

/* Where it runs: "nginx.service (98%), …", or nothing when that is unknown. */
void verdict_add_places(struct buf *b, const struct verdict_view *view, size_t suspect);

/* What speaks against it or sets it apart, in a word or two: "reacts", "tie A"; or nothing. */
void verdict_add_mark(struct buf *b, const struct verdict_entity *e);

/* What is left for a cause that is not listed: "0.4% is left for …". */
void verdict_add_rest(struct buf *b, const struct verdict *v);

/* What was compared with what, and what to do now. */
void verdict_add_ground(struct buf *b, const struct verdict *v, const char *brk);
void verdict_add_next(struct buf *b, const struct verdict *v, const char *brk);

/* A command that slows the first suspect down, when it is known where it runs; or nothing. */
void verdict_add_command(struct buf *b, const struct verdict *v, const struct verdict_view *view);

/* What was taken for granted. */
void verdict_add_assumptions(struct buf *b, const struct verdict *v,
			     const struct verdict_view *view);

/* The date of a time ("2026-11-23"), or what comes behind it ("02:35:30.750Z"). */
void verdict_add_date(struct buf *b, int64_t ns);
void verdict_add_clock(struct buf *b, int64_t ns);

/* Do all incidents begin on one day, so that its date need be said once only? */
bool verdict_one_day(const struct verdict *v, const struct verdict_view *view);

#endif
