// SPDX-License-Identifier: Apache-2.0
#include "render/flame_words.h"

#include <inttypes.h>

#include "base/text.h"
#include "base/times.h"
#include "render/label.h"
#include "render/value.h"

#define MAX_FILE_CHARS 100

void flame_add_side(const struct diff *d, enum diff_which side, const char *sep, struct buf *b)
{
	const struct diff_side *s = &d->side[side];

	value_add(b, d, diff_total(d, 0, side));
	buf_addstr(b, value_unit(d));
	if (s->cnt && d->unit != DIFF_SAMPLES) {
		buf_addstr(b, sep);
		value_add_cnt(b, s->cnt);
		buf_addstr(b, " samples");
	}
	if (s->length_ns) {
		buf_addstr(b, sep);
		duration_add(b, s->length_ns);
	}
	if (s->window_cnt > 1)
		buf_addf(b, " in %" PRIu32 " windows", s->window_cnt);
	if (s->start_ns && s->end_ns > s->start_ns) {
		buf_addstr(b, sep);
		time_add(b, s->start_ns);
		buf_addstr(b, " to ");
		time_add(b, s->end_ns);
	}
	if (s->hz > 0)
		buf_addf(b, "%s%.4g Hz", sep, s->hz);
	if (s->cpus)
		buf_addf(b, "%s%" PRIu32 " CPU%s", sep, s->cpus, s->cpus == 1 ? "" : "s");
	buf_addstr(b, sep);
	value_add_cnt(b, s->lost_cnt);
	buf_addstr(b, " lost");
	if (s->lost_cnt) {
		buf_addstr(b, " (");
		value_add_percent(b, s->lost_share);
		buf_addch(b, ')');
	}
}

void flame_add_line(const struct diff *d, uint32_t node, const char *before, struct buf *out)
{
	const struct diff_line *l = diff_line(d, node);
	struct str file;

	if (!l)
		return;
	file = intern_get(&d->names, l->file);
	buf_addstr(out, before);
	if (file.len)
		label_add(out, file, MAX_FILE_CHARS);
	else
		buf_addstr(out, "line ");
	buf_addf(out, "%s%" PRIu32, file.len ? ":" : "", l->line);
	if (!l->others)
		return;
	buf_addstr(out, " (");
	value_add_percent(out, l->share);
	buf_addf(out, ", and %" PRIu32 " other line%s)", l->others, l->others == 1 ? "" : "s");
}

/* Whole samples that are gone, or else (samples false) what makes those that are there less complete. */
static void add_losses(const struct diff *d, enum diff_which side, bool samples, struct buf *b)
{
	const uint64_t *lost = d->side[side].lost;
	const char *sep = "";

	if (!d->single)
		buf_addf(b, "%s: ", side == DIFF_A ? "A" : "B");
	for (unsigned int i = 0; i < LOSS_CNT; i++) {
		if (!lost[i] || !loss_name(i) || (loss_class(i) == LOSS_CLASS_SAMPLE) != samples)
			continue;
		buf_addf(b, "%s%s ", sep, loss_name(i));
		value_add_cnt(b, lost[i]);
		sep = ", ";
	}
	buf_addstr(b, *sep ? "" : "nothing");
	buf_addstr(b, d->single || side == DIFF_B ? ". " : "; ");
}

void flame_add_losses(const struct diff *d, struct buf *b)
{
	for (int samples = 1; samples >= 0; samples--) {
		buf_addstr(b, samples ? "Lost samples: " : "Incomplete: ");
		if (!d->single)
			add_losses(d, DIFF_A, samples, b);
		add_losses(d, DIFF_B, samples, b);
	}
	buf_addch(b, '\n');
}

void flame_add_unit(const struct diff *d, struct buf *b)
{
	if (d->unit == DIFF_CORES)
		buf_addstr(b, "Unit: cores, that is CPU-seconds per second watched; sides of "
			      "different length compare as they are. ");
	else if (d->unit == DIFF_SECONDS)
		buf_addstr(b, "Unit: seconds of CPU time. ");
	else
		buf_addstr(b, "Unit: samples. ");
	if (d->single)
		return;
	buf_addf(b, "Values are %s. ", diff_normalised_words(d));
	diff_add_noise_words(d, b);
	buf_addch(b, '\n');
}

static void add_how_to_read(const struct diff *d, const struct flame_options *opt, struct buf *b)
{
	flame_add_unit(d, b);
	if (d->single) {
		buf_addstr(b, "Width: what the frame and its callees took.\n");
		return;
	}
	if (opt->width == FLAME_WIDTH_UNION)
		buf_addstr(b, "Width: a frame's own time on the side where it took more, plus the "
			      "widths of what it calls, so that frames of either side are in the "
			      "picture. ");
	else
		buf_addf(b, "Width: what the frame took on side %s. ",
			 opt->width == FLAME_WIDTH_A ? "A" : "B");
	buf_addstr(b, "Colour: change of a frame with all it calls, relative to its larger side; "
		      "grey if within the noise. Stripe: the same for "
		      "own time.\n");
}

static void add_left_out(const struct diff *d, const struct flame_options *opt,
			 const struct flame_layout *l, struct buf *b)
{
	if (l->narrow_cnt) {
		buf_addstr(b, "Not drawn: ");
		value_add_cnt(b, l->narrow_cnt);
		buf_addf(b, " frames narrower than %.3g px, together ", opt->min_px);
		if (!d->single) {
			buf_addstr(b, "A ");
			value_add(b, d, l->narrow_total[DIFF_A]);
			buf_addstr(b, ", B ");
		}
		value_add(b, d, l->narrow_total[DIFF_B]);
		buf_addf(b, "%s.\n", value_unit(d));
	}
	if (l->deep_cnt) {
		buf_addstr(b, "Not drawn: ");
		value_add_cnt(b, l->deep_cnt);
		buf_addf(b,
			 " frames deeper than %" PRIu32 " levels; hatched bars stand for them.\n",
			 opt->max_rows - 1);
	}
	if (l->zero_cnt) {
		buf_addstr(b, "Not drawn: ");
		value_add_cnt(b, l->zero_cnt);
		buf_addstr(b, " frames that are on the other side only.\n");
	}
}

void flame_add_footer(const struct diff *d, const struct flame_options *opt,
		      const struct flame_layout *l, struct buf *b)
{
	for (uint32_t i = 0; i < d->note_cnt; i++) {
		buf_addstr(b, "Note: ");
		text_add_clean(b, str_of(d->notes[i]));
		buf_addch(b, '\n');
	}
	flame_add_losses(d, b);
	add_left_out(d, opt, l, b);
	add_how_to_read(d, opt, b);
}
