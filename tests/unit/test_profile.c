// SPDX-License-Identifier: Apache-2.0
#include "model/profile.h"

#include "base/text.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static void test_label(void)
{
	const struct str labels[][2] = {
		{STR_LIT(LABEL_PROCESS), STR_LIT("nginx")},
		{STR_LIT("comm"), STR_LIT("worker")},
	};
	struct builder *b = builder_new(&builder_limits_window, PROFILE_SAMPLES);
	struct profile *p;
	uint32_t id;

	must(builder_series(b, labels, 2, &id), "series");
	p = seal(b);
	ok(str_eq(profile_label(p, id, STR_LIT("comm")), STR_LIT("worker")), "a label is found");
	ok(!profile_label(p, id, STR_LIT("com")).p && !profile_label(p, id, STR_LIT("")).p,
	   "part of a key is no key");
	profile_free(p);
}

static void test_lost(void)
{
	struct profile p = {.total_cnt = 0};

	is_near(profile_lost_share(&p), 0, 0, "nothing lost of nothing");
	p.lost[LOSS_RING_FULL] = 5;
	is_near(profile_lost_share(&p), 1, 0, "everything lost");
	p.total_cnt = 95;
	is_near(profile_lost_share(&p), 0.05, 1e-12, "five of a hundred");
	p.lost[LOSS_NO_SYMBOL] = 1000;
	p.lost[LOSS_EVENTS] = 1000;
	is_near(profile_lost_share(&p), 0.05, 1e-12, "what only knows less is not lost");
	p.lost[LOSS_IMPORT] = 5;
	is_u64(loss_samples(p.lost), 10, "all reasons that cost a sample count");
}

static void test_loss_names(void)
{
	bool named = true, distinct = true;

	for (unsigned int i = 0; i < LOSS_CNT + 5; i++) {
		bool reason = loss_class(i) != LOSS_CLASS_NONE;

		named = named && reason == !!loss_name(i) && reason == !!loss_help(i);
		for (unsigned int k = 0; reason && k < i; k++)
			distinct =
				distinct && (!loss_name(k) || strcmp(loss_name(k), loss_name(i)));
	}
	ok(named, "every reason has a class, a name and a sentence, and nothing else has");
	ok(distinct, "no two have one name");
	is_str(loss_name(LOSS_RING_FULL), "ring_full", "names are stable: they are stored");
	ok(loss_class(LOSS_LINES_REJECTED) == LOSS_CLASS_OTHER &&
		   loss_class(LOSS_NO_FILE) == LOSS_CLASS_DETAIL &&
		   loss_class(LOSS_LATE) == LOSS_CLASS_SAMPLE,
	   "classes");
}

int main(void)
{
	test_label();
	test_lost();
	test_loss_names();
	return tap_done();
}
