// SPDX-License-Identifier: Apache-2.0
#include "render/flame_layout.h"

#include <math.h>

#include "render/colors.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static struct diff *diff_of(struct profile *a, struct profile *b)
{
	struct diff *d;

	must(diff_new(a, b, NULL, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static struct flame_layout layout_of(const struct diff *d, enum flame_width width, double min_px,
				     uint32_t max_rows)
{
	struct flame_layout l;

	must(flame_layout(d, width, 1000, min_px, max_rows, &l), "layout");
	return l;
}

static const struct flame_box *box_of(const struct diff *d, const struct flame_layout *l,
				      const char *name)
{
	static const struct flame_box none;

	for (uint32_t i = 0; i < l->box_cnt; i++)
		if (str_eq(diff_name(d, l->boxes[i].node), str_of(name)))
			return &l->boxes[i];
	return &none;
}

static void test_union_widths(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;gone 30\np;same 40"),
				 profile_of(PROFILE_SAMPLES, 0, "p;new 30\np;same 20"));
	struct flame_layout l = layout_of(d, FLAME_WIDTH_UNION, 0, 100);

	is_near(box_of(d, &l, "gone")->width, 300, 1e-9, "gone: as wide as it was");
	is_near(box_of(d, &l, "new")->width, 300, 1e-9, "new: as wide as it is");
	is_near(box_of(d, &l, "same")->width, 400, 1e-9, "both: the larger side");
	is_near(box_of(d, &l, "new")->x, 300, 1e-9, "side by side");
	is_u64(box_of(d, &l, "new")->row, 2, "on the third row");
	flame_layout_release(&l);
	l = layout_of(d, FLAME_WIDTH_B, 0, 100);
	is_near(box_of(d, &l, "new")->width, 600, 1e-9, "by B alone");
	is_u64(l.zero_cnt, 1, "what is gone has no width, and is counted");
	flame_layout_release(&l);
	diff_free(d);
}

static void test_left_out(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_SAMPLES, 0, "p;big 990\np;tiny;x;y 1"),
				 profile_of(PROFILE_SAMPLES, 0, "p;big 997\np;tiny;x 2\np;bit 1"));
	struct flame_layout l = layout_of(d, FLAME_WIDTH_UNION, 5, 100);

	is_u64(l.box_cnt, 3, "what is too narrow is not drawn");
	is_u64(l.narrow_cnt, 4, "but counted with what stands on it");
	is_near(l.narrow_total[DIFF_A], 1, 1e-12, "what it took in A");
	is_near(l.narrow_total[DIFF_B], 3, 1e-12, "and in B, once for a subtree");
	flame_layout_release(&l);
	l = layout_of(d, FLAME_WIDTH_UNION, -1, 100);
	is_u64(l.box_cnt, d->node_cnt, "nothing is left out if so wished");
	flame_layout_release(&l);
	diff_free(d);
}

static void test_deep(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node = 0;
	struct flame_layout l;
	struct diff *d;

	must(builder_process(b, STR_LIT("p"), &series), "process");
	must(builder_frame(b, STR_LIT("r"), STR_LIT(""), FRAME_USER, &frame), "frame");
	for (int i = 0; i < 5000; i++)
		must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 1, 1), "sample");
	d = diff_of(NULL, seal(b));
	l = layout_of(d, FLAME_WIDTH_UNION, 0, 300);
	is_u64(l.rows, 300, "rows are bounded");
	is_u64(l.box_cnt, 300, "one bar in each");
	is_u64(l.boxes[299].hidden, 4703, "the last one stands for the rest");
	is_u64(l.deep_cnt, 4703, "which is counted");
	flame_layout_release(&l);
	diff_free(d);
}

static void test_nothing(void)
{
	struct diff *d =
		diff_of(profile_of(PROFILE_SAMPLES, 0, ""), profile_of(PROFILE_SAMPLES, 0, ""));
	struct flame_layout l = layout_of(d, FLAME_WIDTH_UNION, 0.1, 100);

	is_u64(l.box_cnt, 1, "of nothing the root is drawn");
	is_near(l.boxes[0].width, 1000, 0, "over the whole width");
	flame_layout_release(&l);
	diff_free(d);
}

/* Frames stand on their parents, do not overlap, and drawn and left out make everything. */
static void test_properties(void)
{
	uint32_t astray = 0, lost = 0;

	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct diff *d = diff_of(random_profile(seed, 120, PROFILE_SAMPLES, 0),
					 random_profile(seed + 99, 80, PROFILE_SAMPLES, 0));
		struct flame_layout l = layout_of(d, FLAME_WIDTH_UNION, 7, 9);
		double *right = calloc(d->node_cnt, sizeof(*right)), self = 0;
		uint32_t drawn = 0;

		for (uint32_t i = 0; i < l.box_cnt; i++) {
			const struct flame_box *box = &l.boxes[i];
			uint32_t parent = d->nodes[box->node].parent;

			drawn += box->hidden ? box->hidden : 1;
			right[box->node] = box->x + box->width;
			self += box->hidden ? box->width : box->x + box->width - box->self_x;
			astray += box->x < -1e-9 || box->self_x < box->x - 1e-9 ||
				  box->x + box->width > right[parent] + 1e-9 ||
				  box->row != d->nodes[box->node].depth;
			for (uint32_t j = i + 1; j < l.box_cnt; j++)
				astray += l.boxes[j].row == box->row &&
					  l.boxes[j].x < box->x + box->width - 1e-9;
		}
		lost += drawn + l.narrow_cnt != d->node_cnt || self > 1000 + 1e-6;
		free(right);
		flame_layout_release(&l);
		diff_free(d);
	}
	is_u64(astray, 0, "40 random pairs: every frame within its parent, none over another");
	is_u64(lost, 0, "40 random pairs: drawn and left out make all");
}

static void test_colors(void)
{
	double worst = 21;
	bool apart = true;

	for (int step = -COLORS_STEPS; step <= COLORS_STEPS; step++) {
		worst = fmin(worst, colors_contrast(colors_change(step), COLORS_TEXT));
		apart &= step == -COLORS_STEPS || colors_change(step) != colors_change(step - 1);
	}
	for (uint32_t kind = 0; kind < FRAME_KIND_CNT; kind++) {
		char name[8];

		for (int i = 0; i < 500; i++) {
			(void)snprintf(name, sizeof(name), "f%d", i);
			worst = fmin(worst,
				     colors_contrast(colors_kind(kind, str_of(name)), COLORS_TEXT));
		}
	}
	ok(worst >= 4.5, "text on every fill has a contrast of at least 4.5 (%.2f)", worst);
	ok(apart, "every step is a shade of its own");
	is_near(colors_contrast(0, 0xffffff), 21, 1e-9, "black on white is 21");
	is_i64(colors_step(0.5), 5, "half way");
	is_i64(colors_step(-7), -COLORS_STEPS, "clipped");
	is_i64(colors_step(NAN), 0, "not a number");
}

int main(void)
{
	test_union_widths();
	test_left_out();
	test_deep();
	test_nothing();
	test_properties();
	test_colors();
	return tap_done();
}
