// SPDX-License-Identifier: Apache-2.0
#include "render/flame_frames.h"

#include <inttypes.h>
#include <math.h>

#include "base/text.h"
#include "render/colors.h"
#include "render/flame_words.h"
#include "render/label.h"
#include "render/value.h"

#define MAX_NAME_CHARS	400 /* of a name in a <title>; template-heavy names run to 10 kB */
#define MIN_LABEL_CHARS 3
#define STRIPE_PX	3
#define TIMES		"\xc3\x97"
#define PLUS_MINUS	" \xc2\xb1 "

static int step_of(const struct diff *d, uint32_t n)
{
	double larger = fmax(diff_total(d, n, DIFF_A), diff_total(d, n, DIFF_B));

	return diff_within_noise(d, n) || larger <= 0 ? 0 : colors_step(diff_delta(d, n) / larger);
}

static int self_step(const struct diff *d, uint32_t n)
{
	double larger = fmax(diff_self(d, n, DIFF_A), diff_self(d, n, DIFF_B));

	return diff_self_within_noise(d, n) || larger <= 0
		       ? 0
		       : colors_step(diff_self_delta(d, n) / larger);
}

/* Coordinates to a thousandth of a pixel, so that they can be blown up when zooming in. */
static void add_px(struct buf *b, double v)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t n = v > 0 && v < 1e9 ? (uint64_t)(v * 1000 + 0.5) : 0;
	uint32_t fraction = (uint32_t)(n % 1000), places = 3;

	while (places && !(fraction % 10)) {
		fraction /= 10;
		places--;
	}
	for (uint32_t i = 0; i < places; i++, fraction /= 10)
		*--p = (char)('0' + fraction % 10);
	if (places)
		*--p = '.';
	n /= 1000;
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

static void add_attr(struct buf *b, const char *name, double v)
{
	buf_addch(b, ' ');
	buf_addstr(b, name);
	buf_addstr(b, "=\"");
	add_px(b, v);
	buf_addch(b, '"');
}

static void add_fill(struct buf *b, uint32_t rgb)
{
	static const char hex[] = "0123456789abcdef";
	char out[] = " fill=\"#000000\"";

	for (int i = 0; i < 6; i++)
		out[8 + i] = hex[rgb >> (20 - 4 * i) & 15];
	buf_addstr(b, out);
}

/* Wide bars leave a gap to their neighbour; flame.js knows the rule, too. */
static double drawn_width(double width)
{
	return width >= 2 ? width - FLAME_GAP_PX : width;
}

static void add_rect(struct buf *b, double x, double y, double width, double height)
{
	buf_addstr(b, "<rect");
	add_attr(b, "x", x);
	add_attr(b, "y", y);
	add_attr(b, "width", drawn_width(width));
	add_attr(b, "height", height);
}

static double row_y(const struct flame_picture *pic, uint32_t row)
{
	uint32_t from_top = pic->opt->icicle ? row : pic->layout->rows - 1 - row;

	return pic->top + (double)from_top * FLAME_ROW_PX;
}

static void describe_side(const struct diff *d, uint32_t n, enum diff_which side, struct buf *out)
{
	double all = diff_total(d, 0, side), v = diff_total(d, n, side);

	if (!d->single)
		buf_addf(out, "%s: ", side == DIFF_A ? "A" : "B");
	value_add(out, d, v);
	buf_addf(out, "%s, ", value_unit(d));
	value_add_percent(out, all > 0 ? v / all : 0);
	if (d->nodes[n].depth) {
		buf_addstr(out, "; own ");
		value_add(out, d, diff_self(d, n, side));
	}
	if (diff_samples(d, n, side) && d->unit != DIFF_SAMPLES) {
		buf_addstr(out, "; ");
		value_add_cnt(out, diff_samples(d, n, side));
		buf_addstr(out, diff_samples(d, n, side) == 1 ? " sample" : " samples");
	}
}

static void describe_change(const struct diff *d, uint32_t n, struct buf *out)
{
	double a = diff_total(d, n, DIFF_A), b = diff_total(d, n, DIFF_B);

	buf_addstr(out, "\nchange: ");
	value_add_delta(out, d, b - a, VALUE_MINUS_TYPOGRAPHIC);
	if (diff_noise(d, n) > 0) {
		buf_addstr(out, PLUS_MINUS);
		value_add(out, d, diff_noise(d, n));
	}
	buf_addf(out, "%s, ", value_unit(d));
	value_add_ratio(out, a, b, TIMES);
	if (diff_within_noise(d, n))
		buf_addstr(out, " (within the noise)");
	if (d->nodes[n].depth) {
		buf_addstr(out, "; own ");
		value_add_delta(out, d, diff_self_delta(d, n), VALUE_MINUS_TYPOGRAPHIC);
	}
}

static void describe_what(const struct diff *d, uint32_t n, struct buf *out)
{
	static const char *const kinds[FRAME_KIND_CNT] = {
		[FRAME_KERNEL] = "kernel",
		[FRAME_JIT] = "JIT",
		[FRAME_INLINED] = "inlined",
	};
	const struct diff_node *node = &d->nodes[n];
	struct str module = diff_module(d, n);
	const char *kind = node->kind < FRAME_KIND_CNT ? kinds[node->kind] : NULL;

	if (module.len || kind)
		buf_addstr(out, "\nin ");
	if (module.len) {
		bool cut = label_cut(&module, MAX_NAME_CHARS / 4);

		text_add_clean(out, module);
		buf_addstr(out, cut ? "\xe2\x80\xa6" : "");
	}
	if (kind)
		buf_addf(out, "%s%s", module.len ? ", " : "", kind);
	flame_add_line(d, n, "\nat ", out);
}

void flame_describe(const struct diff *d, uint32_t node, struct buf *out)
{
	struct str name = node ? diff_name(d, node) : STR_LIT("all");
	bool cut = label_cut(&name, MAX_NAME_CHARS);

	text_add_clean(out, name.len ? name : STR_LIT("[no name]"));
	buf_addstr(out, cut ? "\xe2\x80\xa6" : "");
	describe_what(d, node, out);
	for (int side = d->single ? DIFF_B : DIFF_A; side <= DIFF_B; side++) {
		buf_addch(out, '\n');
		describe_side(d, node, (enum diff_which)side, out);
	}
	if (!d->single)
		describe_change(d, node, out);
}

static const char *sign_of(const struct flame_picture *pic, uint32_t n)
{
	int step = pic->d->single ? 0 : step_of(pic->d, n);

	if (!step)
		return "";
	return step > 0 ? "+ " : VALUE_MINUS_TYPOGRAPHIC " ";
}

static void add_label(const struct flame_picture *pic, const struct flame_box *box)
{
	struct str name = box->node ? diff_name(pic->d, box->node) : STR_LIT("all");
	const char *sign = sign_of(pic, box->node);
	double room = (box->width - 6) / FLAME_CHAR_PX - (*sign ? 2 : 0);
	bool cut;

	if (room < MIN_LABEL_CHARS)
		return;
	cut = label_cut(&name, (size_t)room);
	buf_addstr(pic->out, "<text");
	add_attr(pic->out, "x", pic->left + box->x + 3);
	add_attr(pic->out, "y", row_y(pic, box->row) + 12.5);
	buf_addch(pic->out, '>');
	buf_addstr(pic->out, sign);
	text_add_xml(pic->out, name);
	buf_addstr(pic->out, cut ? "\xe2\x80\xa6</text>" : "</text>");
}

static void add_hidden_bar(const struct flame_picture *pic, const struct flame_box *box)
{
	struct buf *b = pic->out;

	buf_addf(b,
		 "<g class=\"d\"><title>\xe2\x80\xa6 %" PRIu32
		 " deeper frames are not drawn</title>",
		 box->hidden);
	add_rect(b, pic->left + box->x, row_y(pic, box->row), box->width, FLAME_BAR_PX);
	buf_addstr(b, "/>");
	if (box->width > 40 * FLAME_CHAR_PX) {
		buf_addstr(b, "<text");
		add_attr(b, "x", pic->left + box->x + 3);
		add_attr(b, "y", row_y(pic, box->row) + 12.5);
		buf_addf(b, ">\xe2\x80\xa6 %" PRIu32 " deeper frames</text>", box->hidden);
	}
	buf_addstr(b, "</g>\n");
}

/* Own time stands free of children at the right end of a frame, at the edge away from the root. */
static void add_stripe(const struct flame_picture *pic, const struct flame_box *box)
{
	double width = box->x + box->width - box->self_x, y = row_y(pic, box->row);
	int step = pic->d->single ? 0 : self_step(pic->d, box->node);

	if (!step || width < 0.5)
		return;
	add_rect(pic->out, pic->left + box->self_x,
		 pic->opt->icicle ? y + FLAME_BAR_PX - STRIPE_PX : y, width, STRIPE_PX);
	buf_addstr(pic->out, step > 0 ? " class=\"m\"/>" : " class=\"l\"/>");
}

static void add_body(const struct flame_picture *pic, const struct flame_box *box)
{
	const struct diff *d = pic->d;
	const struct diff_node *node = &d->nodes[box->node];

	add_rect(pic->out, pic->left + box->x, row_y(pic, box->row), box->width, FLAME_BAR_PX);
	if (d->single && node->depth <= d->group_cnt)
		add_fill(pic->out, colors_change(0));
	else if (d->single)
		add_fill(pic->out, colors_kind(node->kind, diff_name(d, box->node)));
	else
		add_fill(pic->out, colors_change(step_of(d, box->node)));
	buf_addstr(pic->out, "/>");
	if (d->single || node->side[DIFF_B].total || !node->side[DIFF_A].total)
		return;
	add_rect(pic->out, pic->left + box->x, row_y(pic, box->row), box->width, FLAME_BAR_PX);
	buf_addstr(pic->out, " fill=\"url(#");
	text_add_xml(pic->out, pic->opt->id_prefix);
	buf_addstr(pic->out, "gone)\"/>");
}

/* Escaped line by line: a line break within a name is gone already, those between are meant. */
static void add_words(struct buf *b, struct str words)
{
	struct str line;

	for (bool first = true; str_split(&words, '\n', &line); first = false) {
		buf_addstr(b, first ? "" : "\n");
		text_add_xml(b, line);
	}
}

static const char *class_of(const struct flame_picture *pic, uint32_t n)
{
	if (pic->d->nodes[n].depth && pic->d->nodes[n].depth <= pic->d->group_cnt)
		return " class=\"p\"";
	return pic->on_path && pic->on_path[n] ? " class=\"h\"" : "";
}

static void add_frame(const struct flame_picture *pic, const struct flame_box *box,
		      struct buf *words)
{
	struct buf *b = pic->out;

	if (box->hidden) {
		add_hidden_bar(pic, box);
		return;
	}
	buf_addstr(b, "<g");
	buf_addstr(b, class_of(pic, box->node));
	for (int side = DIFF_A; side <= DIFF_B; side++)
		if (pic->d->nodes[box->node].side[side].total)
			buf_addf(b, " data-%c=\"%.5g\"", 'a' + side,
				 diff_total(pic->d, box->node, (enum diff_which)side));
	if (*sign_of(pic, box->node))
		buf_addf(b, " data-s=\"%s\"", step_of(pic->d, box->node) > 0 ? "+" : "-");
	buf_addstr(b, "><title>");
	buf_clear(words);
	flame_describe(pic->d, box->node, words);
	if (buf_error(words))
		b->error = buf_error(words);
	add_words(b, buf_str(words));
	buf_addstr(b, "</title>");
	add_body(pic, box);
	add_stripe(pic, box);
	add_label(pic, box);
	buf_addstr(b, "</g>\n");
}

/* Around the column of the highlighted process, above everything else. */
static void add_outline(const struct flame_picture *pic)
{
	const struct flame_layout *l = pic->layout;
	uint32_t row = 0, last = 0;
	double x = 0, width = 0, y;

	for (uint32_t i = 0; i < l->box_cnt; i++) {
		uint32_t n = l->boxes[i].node;

		if (n == pic->highlight) {
			x = l->boxes[i].x;
			width = l->boxes[i].width;
			row = l->boxes[i].row;
		}
		if (n >= pic->highlight && n < pic->d->nodes[pic->highlight].end &&
		    l->boxes[i].row > last)
			last = l->boxes[i].row;
	}
	if (width <= 0)
		return;
	y = row_y(pic, pic->opt->icicle ? row : last);
	buf_addstr(pic->out, "<g class=\"o\">");
	add_rect(pic->out, pic->left + x, y - 1, width,
		 (double)(last - row) * FLAME_ROW_PX + FLAME_BAR_PX + 2);
	buf_addstr(pic->out, "/></g>\n");
}

void flame_frames(const struct flame_picture *pic)
{
	struct buf words;

	buf_init(&words, 1U << 16);
	for (uint32_t i = 0; i < pic->layout->box_cnt; i++)
		add_frame(pic, &pic->layout->boxes[i], &words);
	if (pic->highlight)
		add_outline(pic);
	buf_release(&words);
}
