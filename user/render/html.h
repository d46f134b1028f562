/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.h - a diff (or one profile: diff.h, `single`) as a page to explore: one self-contained file
 * that opens from a disk, fetches nothing and runs under a strict content security policy.
 *
 * The page stands without its script, too: title, sides, the processes that changed most, notes and
 * losses are plain HTML. The script (user/render/page/, see page/core.js) draws the flame graph from
 * the tree that html_data.h encodes, with search, zoom, sandwich, tables.
 *
 * html_render() is the whole page. Whoever puts a flame graph into a page of its own uses the
 * parts, in this order, between texts of its own:
 *
 *	html_begin(out, title, styles, style_cnt, scripts, script_cnt);
 *	… markup …
 *	html_flame(d, &options, "f1", out, &pruned);	any number of times, each with its own id
 *	html_notes(d, &pruned, out);
 *	… markup …
 *	html_end(out, scripts, script_cnt);
 *
 * Styles and scripts are assets: texts whose hash the content security policy names; nothing else
 * runs or colours anything in that page, no style="…" or on…="…" either. Always the first of them
 * are html_page_css and html_page_js. Text between the parts goes through text_add_xml().
 */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include "base/buf.h"
#include "diff/diff.h"
#include "render/html_data.h"

/* A script or style sheet, as the makefile embeds it. */
struct html_asset {
	const unsigned char *text;
	size_t len;
	const char *sha256; /* base64 */
};

extern const struct html_asset html_page_js, html_page_css;

struct html_options {
	struct str title;   /* empty: one that fits */
	struct str verdict; /* a line set off below the title; empty: none */
	struct str focus;   /* the first-level label (process) to open the graph at; empty: all */
	struct html_data_options data;
};

/* Appends the page. `opt` NULL: defaults. 0, -ENOMEM, -EIO or the buf's error. */
int must_check html_render(const struct diff *d, const struct html_options *opt, struct buf *out);

/* <!doctype html> up to the opened <main>, with the title as a heading. */
void html_begin(struct buf *out, struct str title, const struct html_asset *const *styles,
		size_t style_cnt, const struct html_asset *const *scripts, size_t script_cnt);

/*
 * The sides, the place of the graph and its data. `id`: letters and digits, begins with a letter,
 * unique in the page. 0, -ENOMEM, -EIO or the buf's error.
 */
int must_check html_flame(const struct diff *d, const struct html_options *opt, const char *id,
			  struct buf *out, struct html_pruned *ret_pruned);

/* What a reader has to know: notes, losses, what was pruned, unit and normalisation in words. */
void html_notes(const struct diff *d, const struct html_pruned *pruned, struct buf *out);

/* Bytes for a script of the page: culprit.data.bytes(id) reads them. `base64` needs no escaping. */
void html_data_block(struct buf *out, const char *id, struct str base64);

/* The scripts, and the end of the page. */
void html_end(struct buf *out, const struct html_asset *const *scripts, size_t script_cnt);

#endif
