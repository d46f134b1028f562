// SPDX-License-Identifier: Apache-2.0
#include "format/pprof_order.h"

#include <stdlib.h>

#include "base/text.h"
#include "format/pprof_names.h"

/* The texts as they will stand in the file: what reads the same there is the same. */
static void add_frame_text(void *arg, struct buf *b, size_t i)
{
	const struct profile *p = arg;
	const struct frame *f = &p->frames[i];
	const struct frame_line *line = &p->lines[f->line];
	struct str name = profile_str(p, f->name), module = profile_str(p, f->module);

	module = pprof_module_out(module, (enum frame_kind)f->kind);
	if (name.len)
		pprof_add_fit(b, name);
	else
		pprof_add_stub(b, module);
	buf_addch(b, '\0');
	pprof_add_fit(b, module);
	if (f->line) {
		buf_addch(b, '\0');
		pprof_add_fit(b, profile_str(p, line->file));
		buf_addch(b, '\0');
		buf_addu64(b, line->line);
		buf_addch(b, '\0');
		buf_addu64(b, line->start);
	}
}

static void add_series_text(void *arg, struct buf *b, size_t i)
{
	const struct profile *p = arg;
	const struct series *s = &p->series[i];

	pprof_add_fit(b, profile_label(p, (uint32_t)i, STR_LIT(LABEL_PROCESS)));
	for (uint32_t k = 0; k < s->label_cnt; k++) {
		buf_addch(b, '\0');
		pprof_add_fit(b, profile_str(p, p->labels[s->first_label + k].key));
		buf_addch(b, '\0');
		pprof_add_fit(b, profile_str(p, p->labels[s->first_label + k].value));
	}
}

int pprof_order(const struct profile *p, struct order_item **ret)
{
	struct order_texts frames = {0}, series = {0};
	void *arg = (void *)(uintptr_t)p;
	uint32_t *place = NULL;
	int r;

	r = order_texts_make(&frames, p->frame_cnt, add_frame_text, arg);
	if (!r)
		r = order_texts_make(&series, p->series_cnt, add_series_text, arg);
	if (!r)
		r = order_nodes(p, frames.rank, &place);
	/* a lone [unknown] is how the file says that there are no frames */
	for (uint32_t i = 1; !r && i < p->node_cnt; i++)
		if (!p->nodes[i].parent &&
		    str_eq(frames.items[p->nodes[i].frame], STR_LIT("[unknown]\0")))
			place[i] = place[0];
	if (!r)
		r = order_samples(p, series.rank, place, ret);
	order_texts_release(&frames);
	order_texts_release(&series);
	free(place);
	return r;
}
