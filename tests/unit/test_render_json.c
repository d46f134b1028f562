// SPDX-License-Identifier: Apache-2.0
#include "render/diff_json.h"

#include "unit/profiles.h"
#include "unit/syntax.h"
#include "unit/tap.h"

static struct buf out;

static struct diff *diff_of(struct profile *a, struct profile *b)
{
	struct diff *d;

	must(diff_new(a, b, NULL, &d), "diff");
	profile_free(a);
	profile_free(b);
	return d;
}

static const char *print(const struct diff *d, const struct diff_json_options *opt)
{
	buf_release(&out);
	buf_init(&out, (size_t)1 << 28);
	must(diff_json(d, opt, &out), "json");
	return out.data;
}

static void check_sound(const char *what)
{
	const char *why = json_broken(buf_str(&out));

	if (!ok(!why, "%s: JSON", what))
		printf("# %s\n", why);
}

static void test_diff(void)
{
	struct diff *d = diff_of(profile_of(PROFILE_NANOSECONDS, 10, "web;old 100\nweb;same 50"),
				 profile_of(PROFILE_NANOSECONDS, 20, "web;same 100\njob;f 400"));
	struct diff_json_options opt = {.no_tree = true};
	const char *json = print(d, NULL);

	check_sound("a diff");
	ok(strstr(json, "{\"version\":2,\"a\":{\"label\":\"A\","), "it begins with its version");
	ok(strstr(json, "\"unit\":\"cores\",\"normalised\":\"time\""), "unit and normalisation");
	ok(strstr(json, "\"processes\":[{\"process\":\"job\",\"a\":0,\"b\":0.2,\"delta\":0.2,"
			"\"ratio\":null,\"change\":\"new\",\"noise\":0.01,\"within_noise\":false,"
			"\"share_a\":0,\"share_b\":0.8,"
			"\"samples_a\":0,\"samples_b\":400}"),
	   "a new process");
	ok(strstr(json, "{\"function\":\"old\",\"module\":\"app\",\"a\":0.1,\"b\":0,\"delta\":-0.1,"
			"\"ratio\":null,\"change\":\"gone\""),
	   "a function that is gone");
	ok(strstr(json, "\"parent\":[0,0,1,0,3,3]"), "the tree is flat");
	ok(strstr(json, "\"total_a\":[0.15,0,0,0.15,0.1,0.05]"), "A's values");
	ok(strstr(json, "\"length_s\":20,"), "the length in seconds");
	print(d, &opt);
	check_sound("without the tree");
	ok(strstr(out.data, "\"tree\":null"), "it is null");
	opt = (struct diff_json_options){.pretty = true};
	print(d, &opt);
	check_sound("pretty");
	diff_free(d);
}

static void test_single(void)
{
	struct diff *d = diff_of(NULL, profile_of(PROFILE_SAMPLES, 0, "p;f 3"));
	const char *json = print(d, NULL);

	check_sound("one profile");
	ok(strstr(json, "\"a\":null,"), "there is no A");
	ok(!strstr(json, "_a\"") && !strstr(json, "\"delta\""), "nor anything of it");
	ok(strstr(json, "\"length_s\":null"), "what is unknown is null");
	diff_free(d);
}

static void test_hostile(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	struct diff *d;

	put_stack(b, STR_LIT("\"\\\n\x01;\xff\xfe;\xe2\x82"), 1, 1);
	put_stack(b, STR_LIT(";"), UINT64_MAX, 1);
	builder_lost(b, LOSS_RING_FULL, 7);
	d = diff_of(profile_of(PROFILE_SAMPLES, 0, ""), seal(b));
	print(d, NULL);
	check_sound("hostile names");
	ok(strstr(out.data, "\"lost\":{\"a\":{},\"b\":{\"ring_full\":7}}"), "losses by reason");
	ok(strstr(out.data, "has no samples: everything is new."), "notes");
	diff_free(d);
}

static void test_deep(void)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_SAMPLES);
	uint32_t series, frame, node = 0;
	struct diff *d;

	must(builder_process(b, STR_LIT("p"), &series), "process");
	must(builder_frame(b, STR_LIT("r"), STR_LIT(""), FRAME_USER, &frame), "frame");
	for (int i = 0; i < 5000; i++)
		must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 1, 1), "sample");
	d = diff_of(NULL, seal(b));
	print(d, NULL);
	check_sound("5,000 frames deep");
	diff_free(d);
}

int main(void)
{
	test_diff();
	test_single();
	test_hostile();
	test_deep();
	buf_release(&out);
	return tap_done();
}
