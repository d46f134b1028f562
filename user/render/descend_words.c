// SPDX-License-Identifier: Apache-2.0
#include "render/descend_words.h"

#include "base/text.h"
#include "render/label.h"

#define LONG_NAME 100 /* characters */
#define TOLD_WORK 0.1 /* of the change: less is not worth a word */

size_t descend_frame_run(const struct descend *x, size_t i)
{
	size_t n = 1;

	while (i + n < x->frame_cnt && str_eq(x->frames[i + n], x->frames[i]))
		n++;
	return n;
}

static void add_part(struct buf *b, const struct descend_part *p, const char *unit)
{
	label_add(b, p->name, LONG_NAME);
	buf_addf(b, " %+.3g%s (%.0f%%%s)", p->delta, unit, p->share * 100,
		 p->moved ? ", moved" : "");
}

void descend_add_branches(struct buf *b, const struct descend *x, const char *unit)
{
	for (size_t i = 0; i < x->branch_cnt; i++) {
		buf_addstr(b, i ? ", " : "");
		add_part(b, &x->branches[i], i ? "" : unit);
	}
}

void descend_add_leaves(struct buf *b, const struct descend *x, const char *unit)
{
	for (size_t i = 0; i < x->leaf_cnt; i++) {
		buf_addstr(b, i ? ", " : "");
		add_part(b, &x->leaves[i], i ? "" : unit);
	}
	if (x->leaf_more)
		buf_addf(b, " and %zu more", x->leaf_more);
}

void descend_add_work(struct buf *b, const struct descend *x, const char *unit)
{
	bool told[WORK_CNT] = {[WORK_OTHER] = true};
	const char *sep = "";

	(void)unit;
	for (;;) {
		int most = WORK_OTHER;

		for (int w = 0; w < WORK_CNT; w++)
			if (!told[w] && x->work[w] >= TOLD_WORK &&
			    (most == WORK_OTHER || x->work[w] > x->work[most]))
				most = w;
		if (most == WORK_OTHER)
			break;
		told[most] = true;
		buf_addf(b, "%s%s %.0f%%", sep, work_words((enum work)most), x->work[most] * 100);
		sep = ", ";
	}
	if (*sep && descend_reacting(x) >= DESCEND_REACTS)
		buf_addstr(b, "; that is mostly done because of others");
}

void descend_add_move(struct buf *b, const struct descend_move *m, const char *unit)
{
	buf_addf(b, "%.3g%s of it only moved below ", m->amount, unit);
	label_add(b, m->below, LONG_NAME);
	buf_addstr(b, ", from ");
	label_add(b, m->from, LONG_NAME);
	buf_addstr(b, " to ");
	label_add(b, m->to, LONG_NAME);
}
