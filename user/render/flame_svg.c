// SPDX-License-Identifier: Apache-2.0
/*
 * The page around the frames, from top to bottom: title and legend, verdict, one line for each
 * side, the frames, a status line, and what a reader has to know (notes, losses, what was left
 * out, how to read it). The height of each part is known before it is drawn.
 */
#include "render/flame_svg.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "diff/diff_path.h"
#include "flame.js.h"
#include "render/colors.h"
#include "render/flame_frames.h"
#include "render/flame_layout.h"
#include "render/flame_words.h"
#include "render/label.h"
#include "render/value.h"

#define WIDTH_PX      1200
#define MIN_PX	      0.1
#define MAX_ROWS      320
#define MARGIN_PX     20
#define LEGEND_PX     250
#define LINE_PX	      17
#define SMALL_CHAR_PX 5.9 /* of the footer's 11.5 px sans-serif, on average */
#define DOT	      " \xc2\xb7 "

struct page {
	struct flame_options opt; /* with defaults filled in */
	const struct diff *d;
	struct flame_layout layout;
	struct diff_path path;
	bool *on_path;
	uint32_t highlight;
	struct buf footer; /* lines of text */
	double frames_top, status_y, footer_y, height;
	struct buf *out;
};

static bool prefix_is_valid(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return s.len <= 64;
}

static int mark_path(struct page *p)
{
	int r;

	if (!p->opt.highlight.len ||
	    diff_find_process(p->d, p->opt.highlight, &p->highlight) == -ENOENT)
		return 0;
	p->on_path = calloc(p->d->node_cnt, sizeof(*p->on_path));
	if (!p->on_path)
		return -ENOMEM;
	r = diff_path(p->d, p->opt.highlight, &p->path);
	for (size_t i = 0; !r && i < p->path.cnt; i++)
		p->on_path[p->path.nodes[i]] = true;
	return r;
}

/* ---- footer ---- */

/* The next line of at most `chars` characters of a paragraph, cut at a blank where there is one. */
static struct str next_line(struct str *rest, size_t chars)
{
	struct str line = label_head(*rest, chars);

	if (line.len < rest->len) {
		size_t at = line.len;

		while (at && line.p[at - 1] != ' ')
			at--;
		if (at)
			line.len = at;
	}
	*rest = (struct str){rest->p + line.len, rest->len - line.len};
	return line;
}

/* Draws the footer; with out NULL only counts its lines. */
static uint32_t footer_lines(const struct page *p, struct buf *out)
{
	size_t chars = (size_t)((p->opt.width_px - 2 * MARGIN_PX) / SMALL_CHAR_PX);
	struct str rest = buf_str(&p->footer), par;
	uint32_t cnt = 0;

	while (str_split(&rest, '\n', &par)) {
		while (par.len) {
			struct str line = next_line(&par, chars);

			if (out) {
				buf_addf(out, "<text class=\"f\" x=\"%d\" y=\"%.0f\">", MARGIN_PX,
					 p->footer_y + cnt * LINE_PX);
				text_add_xml(out, line);
				buf_addstr(out, "</text>\n");
			}
			cnt++;
		}
	}
	return cnt;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void add_cut(struct buf *b, struct str s, size_t chars)
{
	bool cut = label_cut(&s, chars);

	text_add_xml(b, s);
	buf_addstr(b, cut ? "\xe2\x80\xa6" : "");
}

static void add_style(const struct page *p)
{
	struct buf *b = p->out;
	const char *id = p->opt.id_prefix.p;
	int n = (int)p->opt.id_prefix.len;

	buf_addstr(b, "<style>");
#define RULE(selector, body) buf_addf(b, "#%.*sflame " selector "{" body "}\n", n, id)
	RULE("", "display:block;margin:0 auto");
	RULE("text", "font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,"
		     "'DejaVu Sans',sans-serif;fill:#1d1f23");
	RULE(".t", "font-size:19px;font-weight:600");
	RULE(".v", "font-size:14px;font-weight:600");
	RULE(".q", "fill:#565a63");
	RULE(".k", "font-size:11px;fill:#565a63");
	RULE(".f", "font-size:11.5px;fill:#565a63");
	RULE(".w", "font-weight:700;fill:#fff;text-anchor:middle");
	RULE(".frames", "cursor:pointer;outline:none");
	RULE(".frames text", "font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"
			     "'DejaVu Sans Mono',monospace;pointer-events:none;white-space:pre");
	RULE(".p text", "font-weight:700");
	RULE(".frames .p rect:first-of-type", "stroke:#565a63;stroke-width:1");
	RULE(".h text", "font-weight:700");
	RULE(".frames .h rect:first-of-type", "stroke:#1d1f23;stroke-width:1.2");
	RULE(".frames .m", "fill:#b3261e;stroke:none");
	RULE(".frames .l", "fill:#1c5d99;stroke:none");
	RULE(".d rect", "fill:#fff;stroke:#8a8e97;stroke-dasharray:3 2");
	RULE(".frames .o rect", "fill:none;stroke:#1d1f23;stroke-width:2.5;pointer-events:none");
	RULE(".frames>g:hover>rect:first-of-type", "stroke:#1d1f23;stroke-width:1.2");
	RULE(".frames .focus>rect:first-of-type", "stroke:#1d1f23;stroke-width:2.5");
	RULE(".above", "opacity:.55");
	RULE(".searching>g", "opacity:.28");
	RULE(".searching>.hit", "opacity:1");
	RULE(".searching>.o", "opacity:.6");
#undef RULE
	buf_addstr(b, "</style>\n");
}

static void add_defs(const struct page *p)
{
	if (p->d->single)
		return;
	buf_addf(p->out,
		 "<defs><pattern id=\"%.*sgone\" width=\"6\" height=\"6\" "
		 "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
		 "<path d=\"M1 0V6\" stroke=\"#fff\" stroke-opacity=\".45\" stroke-width=\"2\"/>"
		 "</pattern></defs>\n",
		 (int)p->opt.id_prefix.len, p->opt.id_prefix.p);
}

static void add_swatch(struct buf *b, double x, double y, uint32_t rgb, const char *words)
{
	buf_addf(b,
		 "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" rx=\"2\" "
		 "fill=\"#%06" PRIx32 "\"/><text class=\"k\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		 x, y, rgb, x + 17, y + 10, words);
}

static void add_kind_legend(const struct page *p)
{
	double x = p->opt.width_px - MARGIN_PX - LEGEND_PX, y = MARGIN_PX + 2;
	struct str middle = STR_LIT("x");

	add_swatch(p->out, x, y, colors_kind(FRAME_USER, middle), "user code");
	add_swatch(p->out, x + 84, y, colors_kind(FRAME_KERNEL, middle), "kernel");
	add_swatch(p->out, x + 148, y, colors_kind(FRAME_JIT, middle), "JIT");
	add_swatch(p->out, x + 192, y, colors_kind(FRAME_INLINED, middle), "inlined");
}

static void add_tick(struct buf *b, double x, double y, const char *anchor, const char *words)
{
	buf_addf(b, "<text class=\"k\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n", x,
		 y + 26, anchor, words);
}

static void add_change_legend(const struct page *p)
{
	double x = p->opt.width_px - MARGIN_PX - LEGEND_PX, y = MARGIN_PX;
	double step = (double)LEGEND_PX / (2 * COLORS_STEPS + 1);
	struct buf *b = p->out;

	for (int i = -COLORS_STEPS; i <= COLORS_STEPS; i++)
		buf_addf(b,
			 "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"12\" "
			 "fill=\"#%06" PRIx32 "\"/>\n",
			 x + (i + COLORS_STEPS) * step, y, step + 0.1, colors_change(i));
	buf_addf(b,
		 "<rect x=\"%.2f\" y=\"%.0f\" width=\"%.2f\" height=\"12\" "
		 "fill=\"url(#%.*sgone)\"/>\n",
		 x, y, step, (int)p->opt.id_prefix.len, p->opt.id_prefix.p);
	add_tick(b, x, y, "start", "gone");
	add_tick(b, x + LEGEND_PX / 4.0, y, "middle", VALUE_MINUS_TYPOGRAPHIC "50%");
	add_tick(b, x + LEGEND_PX / 2.0, y, "middle", "noise");
	add_tick(b, x + LEGEND_PX * 3 / 4.0, y, "middle", "+50%");
	add_tick(b, x + LEGEND_PX, y, "end", "new");
}

static double add_side(const struct page *p, enum diff_which side, double y)
{
	const struct diff *d = p->d;
	struct str label = str_of(d->side[side].label);
	struct buf facts;
	size_t chars;

	buf_init(&facts, 1U << 16);
	if (!d->single) {
		buf_addf(p->out,
			 "<rect x=\"%d\" y=\"%.0f\" width=\"18\" height=\"16\" rx=\"3\" "
			 "fill=\"%s\"/>"
			 "<text class=\"w\" x=\"%d\" y=\"%.0f\">%s</text>",
			 MARGIN_PX, y - 12, side == DIFF_A ? "#1c5d99" : "#b3261e", MARGIN_PX + 9,
			 y, side == DIFF_A ? "A" : "B");
		if (label.len > 1) {
			bool cut = label_cut(&label, 60);

			text_add_clean(&facts, label);
			buf_addstr(&facts, cut ? "\xe2\x80\xa6" DOT : DOT);
		}
	}
	flame_add_side(d, side, DOT, &facts);
	chars = (size_t)((p->opt.width_px - 2 * MARGIN_PX - 26) / 6.2);
	buf_addf(p->out, "<text class=\"q\" x=\"%d\" y=\"%.0f\">", MARGIN_PX + (d->single ? 0 : 26),
		 y);
	add_cut(p->out, buf_str(&facts), chars);
	buf_addstr(p->out, "</text>\n");
	if (buf_error(&facts))
		p->out->error = buf_error(&facts);
	buf_release(&facts);
	return y + 21;
}

static void add_header(const struct page *p)
{
	double y = MARGIN_PX + 15, chars = (p->opt.width_px - 2 * MARGIN_PX - LEGEND_PX) / 10.5;
	struct str title = p->opt.title;
	struct buf *b = p->out;

	if (!title.len)
		title = p->d->single ? STR_LIT("Flame graph") : STR_LIT("Differential flame graph");
	buf_addf(b, "<text class=\"t\" x=\"%d\" y=\"%.0f\">", MARGIN_PX, y);
	add_cut(b, title, chars > 4 ? (size_t)chars : 4);
	buf_addstr(b, "</text>\n");
	y += 16;
	if (p->opt.verdict.len) {
		buf_addf(b,
			 "<rect x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"30\" rx=\"4\" "
			 "fill=\"#fbeee9\"/><rect x=\"%d\" y=\"%.0f\" width=\"4\" height=\"30\" "
			 "rx=\"2\" fill=\"#b3261e\"/><text class=\"v\" x=\"%d\" y=\"%.0f\">",
			 MARGIN_PX, y, (int)p->opt.width_px - 2 * MARGIN_PX, MARGIN_PX, y,
			 MARGIN_PX + 16, y + 20);
		add_cut(b, p->opt.verdict, (size_t)((p->opt.width_px - 2 * MARGIN_PX - 30) / 7.6));
		buf_addstr(b, "</text>\n");
		y += 40;
	}
	y += 14;
	if (!p->d->single)
		y = add_side(p, DIFF_A, y);
	(void)add_side(p, DIFF_B, y);
	if (p->d->single)
		add_kind_legend(p);
	else
		add_change_legend(p);
}

static void measure(struct page *p)
{
	p->frames_top = MARGIN_PX + 15 + 16 + (p->opt.verdict.len ? 40 : 0) + 14 +
			(p->d->single ? 21 : 42) + 30;
	p->status_y = p->frames_top + p->layout.rows * FLAME_ROW_PX + 20;
	p->footer_y = p->status_y + 26;
	p->height = p->footer_y + footer_lines(p, NULL) * LINE_PX + MARGIN_PX / 2;
}

static void add_frames(const struct page *p)
{
	struct flame_picture pic = {
		.d = p->d,
		.opt = &p->opt,
		.layout = &p->layout,
		.left = MARGIN_PX,
		.top = p->frames_top,
		.highlight = p->highlight,
		.on_path = p->on_path,
		.out = p->out,
	};

	buf_addf(p->out,
		 "<g class=\"frames\" data-left=\"%d\" data-width=\"%d\" data-row=\"%d\" "
		 "data-char=\"%.2f\" data-gap=\"%.1f\" data-icicle=\"%d\" data-single=\"%d\">\n",
		 MARGIN_PX, (int)p->opt.width_px - 2 * MARGIN_PX, FLAME_ROW_PX, FLAME_CHAR_PX,
		 FLAME_GAP_PX, p->opt.icicle, p->d->single);
	flame_frames(&pic);
	buf_addstr(p->out, "</g>\n");
}

static void add_page(const struct page *p)
{
	struct buf *b = p->out;

	buf_addf(b,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"%.*sflame\" width=\"%" PRIu32
		 "\" height=\"%.0f\" viewBox=\"0 0 %" PRIu32 " %.0f\">\n",
		 (int)p->opt.id_prefix.len, p->opt.id_prefix.p, p->opt.width_px, p->height,
		 p->opt.width_px, p->height);
	add_style(p);
	add_defs(p);
	buf_addstr(b, "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	add_header(p);
	buf_addf(b,
		 "<rect class=\"controls\" x=\"%.0f\" y=\"%.0f\" width=\"620\" height=\"1\" "
		 "fill=\"none\"/>\n",
		 p->opt.width_px - MARGIN_PX - 620.0, p->frames_top - 36);
	add_frames(p);
	buf_addf(b, "<text class=\"status q\" x=\"%d\" y=\"%.0f\"></text>\n", MARGIN_PX,
		 p->status_y);
	(void)footer_lines(p, b);
	if (!p->opt.no_script) {
		buf_addstr(b, "<script><![CDATA[\n");
		buf_add(b, flame_js, sizeof(flame_js));
		buf_addstr(b, "]]></script>\n");
	}
	buf_addstr(b, "</svg>\n");
}

int flame_svg(const struct diff *d, const struct flame_options *opt, struct buf *out)
{
	struct page p = {.d = d, .out = out};
	int r;

	if (opt)
		p.opt = *opt;
	p.opt.width_px = p.opt.width_px ? p.opt.width_px : WIDTH_PX;
	if (p.opt.width_px < 400)
		p.opt.width_px = 400;
	p.opt.min_px = p.opt.min_px == 0 ? MIN_PX : p.opt.min_px;
	p.opt.max_rows = p.opt.max_rows ? p.opt.max_rows : MAX_ROWS;
	p.opt.max_rows = p.opt.max_rows < 4 ? 4 : p.opt.max_rows;
	if (!prefix_is_valid(p.opt.id_prefix))
		return -EINVAL;
	if (!p.opt.id_prefix.p)
		p.opt.id_prefix = STR_LIT("");
	r = flame_layout(d, p.opt.width, p.opt.width_px - 2.0 * MARGIN_PX, p.opt.min_px,
			 p.opt.max_rows, &p.layout);
	if (!r)
		r = mark_path(&p);
	if (!r) {
		buf_init(&p.footer, 1U << 20);
		flame_add_footer(d, &p.opt, &p.layout, &p.footer);
		measure(&p);
		add_page(&p);
		r = buf_error(&p.footer) ? buf_error(&p.footer) : buf_error(out);
		buf_release(&p.footer);
	}
	flame_layout_release(&p.layout);
	diff_path_release(&p.path);
	free(p.on_path);
	return r;
}
