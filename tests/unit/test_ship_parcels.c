// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "format/pprof.h"
#include "ship/parcels.h"
#include "unit/profiles.h"
#include "unit/tap.h"

static const char *label(const struct parcel *p, const char *name)
{
	static char values[4][4096];
	static unsigned int next;
	char *value = values[next++ % 4];

	*value = '\0';
	for (size_t i = 0; i < p->label_cnt; i++)
		if (str_eq(p->labels[i].name, str_of(name)))
			(void)snprintf(value, sizeof(values[0]), "%.*s",
				       (int)p->labels[i].value.len, p->labels[i].value.p);
	return value;
}

/* What is in a parcel, read back. */
static struct profile *open_parcel(const struct parcel *p)
{
	struct profile *back;
	struct err err = {{0}};

	must(pprof_read(buf_str(&p->profile), NULL, &back, NULL, &err), err.text);
	return back;
}

static const struct parcel *of_process(const struct parcels *all, const char *process)
{
	for (size_t i = 0; i < all->cnt; i++)
		if (!strcmp(label(&all->items[i], "process"), process))
			return &all->items[i];
	printf("Bail out! no parcel of %s\n", process);
	exit(1);
}

/* One sample of 10 ms in main, with these labels; NULL ends them. */
static void add_series(struct builder *b, const char *const (*pairs)[2], uint64_t samples)
{
	struct str labels[16][2];
	uint32_t series, frame, node;
	size_t n = 0;

	for (; pairs[n][0]; n++) {
		labels[n][0] = str_of(pairs[n][0]);
		labels[n][1] = str_of(pairs[n][1]);
	}
	must(builder_series(b, (const struct str(*)[2])labels, n, &series), "series");
	must(builder_frame(b, STR_LIT("main"), STR_LIT("app"), FRAME_USER, &frame), "frame");
	must(builder_stack(b, 0, frame, &node), "stack");
	must(builder_sample(b, series, node, samples * 10000000, samples), "sample");
}

static struct parcels make(const struct profile *p, const struct parcel_policy *policy)
{
	struct parcels parcels;
	struct err err = {{0}};

	must(parcels_make(p, policy, &parcels, &err), err.text);
	return parcels;
}

static void test_plain(void)
{
	static const struct push_label more[] = {{STR_LIT("cluster"), STR_LIT("a")}};
	const struct parcel_policy policy = {.node = STR_LIT("n1"), .labels = more, .label_cnt = 1};
	struct profile *p = profile_of(PROFILE_NANOSECONDS, 10,
				       "nginx;main;work 3\nnginx;main 1\nsh;main;x 2\n");
	struct parcels parcels = make(p, &policy);
	const struct parcel *nginx = of_process(&parcels, "nginx");
	struct profile *back = open_parcel(nginx);

	is_u64(parcels.cnt, 2, "a process, a profile");
	is_str(label(nginx, "__name__"), "process_cpu", "the name that backends know");
	is_str(label(nginx, "service_name"), "nginx", "a process of the host is its own service");
	ok(!strcmp(label(nginx, "node"), "n1") && !strcmp(label(nginx, "cluster"), "a"),
	   "the machine, and a label that was asked for");
	for (size_t i = 1; i < nginx->label_cnt; i++)
		if (str_cmp(nginx->labels[i - 1].name, nginx->labels[i].name) >= 0)
			ok(false, "labels are not sorted");
	ok(back->total == 40000000 && nginx->sample_cnt == 4, "its four samples");
	ok(back->start_ns == p->start_ns && back->length_ns == p->length_ns, "the window's time");
	ok(nginx->plain_bytes > nginx->profile.len / 2, "its size is known");
	profile_free(back);
	parcels_release(&parcels);
	profile_free(p);
}

static void test_labels(void)
{
	static const char *const pod[][2] = {{"process", "java app.jar"}, {"namespace", "shop"},
					     {"pod", "cart-1"},		  {"container", "cart"},
					     {"comm", "worker"},	  {"cgroup", "/kubepods/x"},
					     {"container_id", "abc"},	  {NULL, NULL}};
	static const char *const pod2[][2] = {
		{"process", "java app.jar"}, {"namespace", "shop"}, {"pod", "cart-1"},
		{"container", "cart"},	     {"comm", "gc"},	    {"cgroup", "/kubepods/y"},
		{"container_id", "abc"},     {NULL, NULL}};
	static const char *const unit[][2] = {
		{"process", "nginx"}, {"unit", "web.service"}, {NULL, NULL}};
	static const char *const scope[][2] = {
		{"process", "bash"}, {"unit", "session-3.scope"}, {NULL, NULL}};
	static const char *const dirty[][2] = {{"process", "a\xff\n"}, {NULL, NULL}};
	static const struct push_label over[] = {{STR_LIT("service_name"), STR_LIT("mine")}};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct parcel_policy policy = {.node = {NULL, 0}};
	struct parcels parcels;
	const struct parcel *java;
	struct profile *p;

	add_series(b, pod, 1);
	add_series(b, pod2, 2);
	add_series(b, unit, 1);
	add_series(b, scope, 1);
	add_series(b, dirty, 1);
	builder_window(b, 1000, 10 * NSEC_PER_SEC, 2, 100);
	p = seal(b);
	parcels = make(p, &policy);
	java = of_process(&parcels, "java app.jar");
	is_u64(parcels.cnt, 4, "what differs in thread and cgroup only is one profile");
	is_str(label(java, "service_name"), "shop/cart", "a container's service");
	ok(!strcmp(label(java, "pod"), "cart-1") && !strcmp(label(java, "container_id"), "abc") &&
		   !*label(java, "cgroup") && !*label(java, "comm") && !*label(java, "node"),
	   "where it runs; no paths, no threads, no empty labels");
	is_u64(java->sample_cnt, 3, "the samples of both");
	is_str(label(of_process(&parcels, "nginx"), "service_name"), "web", "a unit's service");
	is_str(label(of_process(&parcels, "bash"), "service_name"), "bash",
	       "a session is nobody's service");
	ok(of_process(&parcels, "a\xef\xbf\xbd\xef\xbf\xbd") != NULL, "names become valid UTF-8");
	parcels_release(&parcels);

	policy = (struct parcel_policy){.labels = over, .label_cnt = 1};
	parcels = make(p, &policy);
	is_str(label(of_process(&parcels, "nginx"), "service_name"), "mine",
	       "what was asked for goes first");
	parcels_release(&parcels);
	profile_free(p);
}

static void test_long_value(void)
{
	char name[5000];
	const char *const series[][2] = {{"process", name}, {NULL, NULL}};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	const struct parcel_policy policy = {.max_processes = 1};
	struct parcels parcels;
	struct profile *p;
	size_t len;

	for (size_t i = 0; i + 3 < sizeof(name); i += 3)
		memcpy(name + i, "\xe2\x82\xac", 3);
	name[sizeof(name) - 1 - (sizeof(name) - 1) % 3] = '\0';
	add_series(b, series, 1);
	builder_window(b, 1000, 1, 1, 100);
	p = seal(b);
	parcels = make(p, &policy);
	len = strlen(label(&parcels.items[0], "process"));
	ok(len <= 2048 && len % 3 == 0 && len > 2040, "a long value is cut between characters");
	parcels_release(&parcels);
	profile_free(p);
}

static void test_others(void)
{
	const struct parcel_policy policy = {.max_processes = 2};
	struct profile *p =
		profile_of(PROFILE_NANOSECONDS, 10, "a;main 5\nb;main 9\nc;main 1\nd;x 2\ne;y 7\n");
	struct parcels parcels = make(p, &policy);

	is_u64(parcels.cnt, 3, "two processes and the rest");
	ok(of_process(&parcels, "b")->sample_cnt == 9 && of_process(&parcels, "e")->sample_cnt == 7,
	   "the busiest ones");
	is_u64(of_process(&parcels, "other")->sample_cnt, 8, "nothing of the rest is lost");
	is_str(label(of_process(&parcels, "other"), "service_name"), "other", "under its own name");
	parcels_release(&parcels);
	profile_free(p);
}

static void test_pieces(void)
{
	struct profile *p = random_profile(3, 3000, PROFILE_NANOSECONDS, 10), *back;
	struct parcel_policy policy = {.max_samples = 100};
	struct parcels parcels = make(p, &policy), again = make(p, &policy);
	uint64_t total = 0, most = 0;
	bool same = parcels.cnt == again.cnt, distinct = true;

	for (size_t i = 0; i < parcels.cnt; i++) {
		const struct parcel *one = &parcels.items[i];

		back = open_parcel(one);
		total += back->total;
		most = back->sample_cnt > most ? back->sample_cnt : most;
		if (i && !strcmp(label(one, "process"), label(one - 1, "process"))) {
			struct profile *before = open_parcel(one - 1);

			distinct &= back->start_ns == before->start_ns + 1;
			profile_free(before);
		}
		same &= str_eq(buf_str(&one->profile), buf_str(&again.items[i].profile));
		profile_free(back);
	}
	ok(parcels.cnt > 10 && most <= 100, "%zu pieces of at most 100 samples", parcels.cnt);
	is_u64(total, p->total, "together they are the window");
	ok(distinct, "each a nanosecond later, so that none is taken for another");
	ok(same, "and the same bytes each time");
	parcels_release(&parcels);
	parcels_release(&again);

	policy = (struct parcel_policy){.max_bytes = 2000};
	parcels = make(p, &policy);
	total = 0;
	for (size_t i = 0; i < parcels.cnt; i++) {
		back = open_parcel(&parcels.items[i]);
		total += back->total;
		if (parcels.items[i].plain_bytes > 2000 && back->sample_cnt > 1)
			ok(false, "a piece of %zu bytes", parcels.items[i].plain_bytes);
		profile_free(back);
	}
	is_u64(total, p->total, "the same by size");
	parcels_release(&parcels);
	profile_free(p);
}

/* "p;f0;f1;…" of so many frames, "bottom" below and "leaf" above all. */
static struct profile *deep_profile(unsigned int frames)
{
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct buf stack;

	buf_init(&stack, 1 << 20);
	buf_addstr(&stack, "p;bottom");
	for (unsigned int i = 1; i + 1 < frames; i++)
		buf_addf(&stack, ";f%u", i);
	buf_addstr(&stack, ";leaf");
	put_stack(b, buf_str(&stack), 1000, 1);
	put_stack(b, STR_LIT("p;bottom;f1;leaf"), 500, 1);
	builder_window(b, 1000, 10 * NSEC_PER_SEC, 2, 100);
	buf_release(&stack);
	return seal(b);
}

/* The deepest stack of a profile: its length, and the names at some places. */
static unsigned int deepest(const struct profile *p, struct str *ret_first, struct str *ret_last,
			    unsigned int *ret_cuts)
{
	unsigned int most = 0;

	for (size_t i = 0; i < p->sample_cnt; i++) {
		unsigned int depth = 0, cuts = 0;
		struct str name = {NULL, 0}, last = {NULL, 0};

		for (uint32_t n = p->samples[i].node; n; n = p->nodes[n].parent) {
			name = profile_str(p, p->frames[p->nodes[n].frame].name);
			if (!depth++)
				last = name;
			cuts += str_eq(name, STR_LIT("[…]"));
		}
		if (depth <= most)
			continue;
		most = depth;
		*ret_first = name;
		*ret_last = last;
		*ret_cuts = cuts;
	}
	return most;
}

static void test_deep(void)
{
	static const unsigned int depths[] = {999, 1000, 1001, 1002, 5000};
	const struct parcel_policy policy = {.max_processes = 5};

	for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
		struct profile *p = deep_profile(depths[i]), *back;
		struct parcels parcels = make(p, &policy);
		struct str first = {NULL, 0}, last = {NULL, 0};
		unsigned int cuts = 9, depth;

		back = open_parcel(&parcels.items[0]);
		depth = deepest(back, &first, &last, &cuts);
		ok(depth == (depths[i] < PARCEL_MAX_DEPTH ? depths[i] : PARCEL_MAX_DEPTH) &&
			   cuts == (depths[i] > PARCEL_MAX_DEPTH),
		   "a stack of %u frames becomes one of %u", depths[i], depth);
		ok(str_eq(first, STR_LIT("bottom")) && str_eq(last, STR_LIT("leaf")) &&
			   back->total == 1500,
		   "both ends are there, and all the time");
		profile_free(back);
		parcels_release(&parcels);
		profile_free(p);
	}
}

static void test_main_binary(void)
{
	const struct parcel_policy policy = {.max_processes = 5};
	struct builder *b = builder_new(&builder_limits_file, PROFILE_NANOSECONDS);
	struct parcels parcels;
	struct profile *p, *back;
	uint32_t series, frame, node = 0;
	struct err err = {{0}};

	must(builder_process(b, STR_LIT("nginx"), &series), "process");
	must(builder_frame(b, STR_LIT("start"), STR_LIT("libc.so.6"), FRAME_USER, &frame), "frame");
	must(builder_stack(b, node, frame, &node), "stack");
	must(builder_frame(b, STR_LIT("work"), STR_LIT("nginx"), FRAME_USER, &frame), "frame");
	must(builder_stack(b, node, frame, &node), "stack");
	must(builder_sample(b, series, node, 1000, 1), "sample");
	builder_window(b, 1000, 10 * NSEC_PER_SEC, 2, 100);
	p = seal(b);
	parcels = make(p, &policy);
	must(pprof_read(buf_str(&parcels.items[0].profile), NULL, &back, NULL, &err), err.text);
	/* a pprof without labels is of the process that its first mapping names */
	ok(str_eq(profile_label(back, back->samples[0].series, STR_LIT(LABEL_PROCESS)),
		  STR_LIT("nginx")),
	   "the program's own file comes first");
	profile_free(back);
	parcels_release(&parcels);
	profile_free(p);
}

/* As many labels as a series may have, and one more. */
static void test_label_count(void)
{
	struct push_label more[PARCEL_MAX_LABELS];
	char names[PARCEL_MAX_LABELS][16];
	struct parcel_policy policy = {.labels = more, .label_cnt = PARCEL_MAX_LABELS - 3};
	struct profile *p = profile_of(PROFILE_NANOSECONDS, 10, "a;b 1\n");
	struct parcels parcels;
	struct err err = {{0}};

	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "l%zu", i);
		more[i] = (struct push_label){str_of(names[i]), STR_LIT("x")};
	}
	parcels = make(p, &policy); /* and __name__, process, service_name */
	is_u64(parcels.items[0].label_cnt, PARCEL_MAX_LABELS, "30 labels");
	parcels_release(&parcels);
	policy.label_cnt++;
	ok(parcels_make(p, &policy, &parcels, &err) == -EINVAL, "31: %s", err.text);
	parcels_release(&parcels);
	profile_free(p);
}

static void test_odd(void)
{
	const struct parcel_policy policy = {.max_processes = 5};
	struct profile *p = profile_of(PROFILE_NANOSECONDS, 10, "");
	struct parcels parcels = make(p, &policy);

	is_u64(parcels.cnt, 0, "an empty window is nothing to send");
	parcels_release(&parcels);
	profile_free(p);
	p = profile_of(PROFILE_SAMPLES, 10, "a;b 1\n");
	ok(parcels_make(p, &policy, &parcels, NULL) == -EINVAL,
	   "samples without time are not sent");
	parcels_release(&parcels);
	profile_free(p);
	p = profile_of(PROFILE_NANOSECONDS, 0, "a;b 1\n");
	ok(parcels_make(p, &policy, &parcels, NULL) == -EINVAL,
	   "nor is what has no time: a backend would take it for now");
	parcels_release(&parcels);
	profile_free(p);
	ok(parcel_label_is_valid(STR_LIT("_a9")) && !parcel_label_is_valid(STR_LIT("9a")) &&
		   !parcel_label_is_valid(STR_LIT("a.b")) && !parcel_label_is_valid(STR_LIT("")),
	   "names of labels");
}

int main(void)
{
	test_plain();
	test_labels();
	test_long_value();
	test_others();
	test_pieces();
	test_deep();
	test_main_binary();
	test_label_count();
	test_odd();
	return tap_done();
}
