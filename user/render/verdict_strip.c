// SPDX-License-Identifier: Apache-2.0
/*
 * The picture's coordinates are percentages: it takes whatever width there is, and no text in it is
 * scaled with it.
 */
#include "render/verdict_strip.h"

#include <inttypes.h>

#include "base/text.h"
#include "base/times.h"

#define WIDTH	  44   /* characters of a lane */
#define LANE_FROM 1.0  /* where 0 lies, percent of the picture */
#define LANE_SPAN 97.0 /* and how far away the highest level */
#define LEAST	  0.6  /* percent: narrower marks would not be seen */

static double top_of(const struct verdict *v, const struct verdict_entity *e)
{
	double top = e->baseline_p90;

	for (uint32_t k = 0; k < v->recurrences; k++)
		if (e->levels[k] > top)
			top = e->levels[k];
	return top;
}

static void add_when(struct buf *b, const struct verdict *v, const struct verdict_view *view,
		     uint32_t k)
{
	if (view->untimed)
		buf_addf(b, "#%-3" PRIu32, k + 1);
	else if (verdict_one_day(v, view))
		verdict_add_clock(b, v->incidents[k].from_ns);
	else
		time_add(b, v->incidents[k].from_ns);
}

/* ---- text ---- */

static size_t column(double level, double top)
{
	double at = top > 0 ? level / top * (WIDTH - 1) + 0.5 : 0;

	return at < 0 ? 0 : at > WIDTH - 1 ? WIDTH - 1 : (size_t)at;
}

static void add_lane(struct buf *b, const struct verdict_entity *e, uint32_t k, double top)
{
	char bar[WIDTH + 1];

	for (size_t i = 0; i < WIDTH; i++)
		bar[i] = i >= column(e->baseline_p10, top) && i <= column(e->baseline_p90, top)
				 ? '='
				 : ' ';
	bar[WIDTH] = '\0';
	bar[column(e->baseline, top)] = '|';
	bar[column(e->levels[k], top)] = e->hit[k] ? '*' : 'o';
	buf_addf(b, "  [%s]\n", bar);
}

size_t verdict_strip_when(const struct verdict *v, const struct verdict_view *view, uint32_t k,
			  size_t width, struct buf *out)
{
	struct buf when;
	size_t len;

	buf_init(&when, 64);
	add_when(&when, v, view, k);
	len = when.len;
	if (out)
		buf_addf(out, "%-*s", (int)width, buf_error(&when) ? "?" : when.data);
	buf_release(&when);
	return len;
}

void verdict_strip_text(const struct verdict *v, const struct verdict_view *view,
			const struct verdict_entity *e, const char *indent, uint32_t max,
			struct buf *out)
{
	double top = top_of(v, e);
	size_t widest = 0;

	for (uint32_t k = 0; k < v->recurrences && k < max; k++) {
		size_t n = verdict_strip_when(v, view, k, 0, NULL);

		widest = n > widest ? n : widest;
	}
	for (uint32_t k = 0; k < v->recurrences && k < max; k++) {
		struct buf level;

		buf_init(&level, 64);
		verdict_add_level(&level, v, e->levels[k]);
		buf_addstr(out, indent);
		verdict_strip_when(v, view, k, widest, out);
		buf_addf(out, "%9s", buf_error(&level) ? "?" : level.data);
		add_lane(out, e, k, top);
		buf_release(&level);
	}
	if (v->recurrences > max)
		buf_addf(out, "%s… and %" PRIu32 " more\n", indent, v->recurrences - max);
}

/* ---- HTML ---- */

static double at(double level, double top)
{
	double part = top > 0 ? level / top : 0;

	return LANE_FROM + LANE_SPAN * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static void add_picture(struct buf *out, const struct verdict_entity *e, uint32_t k, double top)
{
	double low = at(e->baseline_p10, top), high = at(e->baseline_p90, top);
	double median = at(e->baseline, top), level = at(e->levels[k], top);

	if (high - low < LEAST)
		high = low + LEAST;
	buf_addf(out,
		 "<svg aria-hidden=\"true\"><rect class=\"usual\" x=\"%.2f%%\" width=\"%.2f%%\" "
		 "y=\"3\" height=\"16\" rx=\"2\"/>"
		 "<line class=\"stem\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"11\" y2=\"11\"/>"
		 "<line class=\"median\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"1\" y2=\"21\"/>"
		 "<circle class=\"dot\" cx=\"%.2f%%\" cy=\"11\" r=\"5\"/></svg>",
		 low, high - low, median, level, median, median, level);
}

static void add_level_html(struct buf *out, const struct verdict *v, double level)
{
	struct buf text;

	buf_init(&text, 64);
	verdict_add_level(&text, v, level);
	text_add_xml(out, buf_str(&text));
	buf_release(&text);
}

static void add_when_html(struct buf *out, const struct verdict *v, const struct verdict_view *view,
			  uint32_t k)
{
	struct buf text;

	buf_init(&text, 64);
	add_when(&text, v, view, k);
	text_add_xml(out, buf_str(&text));
	buf_release(&text);
}

void verdict_strip_html(const struct verdict *v, const struct verdict_view *view,
			const struct verdict_entity *e, uint32_t max, struct buf *out)
{
	double top = top_of(v, e);

	buf_addstr(out, "<table class=\"lanes\">\n");
	for (uint32_t k = 0; k < v->recurrences && k < max; k++) {
		buf_addf(out, "<tr class=\"%s\"><th>", e->hit[k] ? "hit" : "miss");
		add_when_html(out, v, view, k);
		buf_addstr(out, "<td class=\"lane\">");
		add_picture(out, e, k, top);
		buf_addstr(out, "<td>");
		add_level_html(out, v, e->levels[k]);
		buf_addf(out, "<td class=\"word\">%s\n", e->hit[k] ? "busy" : "not busy");
	}
	buf_addstr(out, "<tr class=\"axis\"><th><td><span>0</span><span>");
	add_level_html(out, v, top);
	buf_addf(out, "%s</span><td><td class=\"word\"></table>\n", verdict_unit(v));
	if (v->recurrences > max)
		buf_addf(out, "<p class=\"quietly\">… and %" PRIu32 " more</p>\n",
			 v->recurrences - max);
}
