/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profiles.h - profiles for tests, written as folded lines: "process;root;…;leaf weight". A frame
 * may end in _[k] (kernel). Any failure ends the test program: it is a mistake of the test.
 */
#ifndef TESTS_PROFILES_H
#define TESTS_PROFILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "model/builder.h"

__attribute__((unused)) static void must(int r, const char *what)
{
	if (!r)
		return;
	printf("Bail out! %s: %s\n", what, strerror(-r));
	exit(1);
}

/* `stack` without the weight; cnt 0 = unknown. */
__attribute__((unused)) static void put_stack(struct builder *b, struct str stack, uint64_t weight,
					      uint64_t cnt)
{
	uint32_t series, node = 0, frame;
	struct str part;

	if (!str_split(&stack, ';', &part))
		return;
	must(builder_process(b, part, &series), "process");
	while (str_split(&stack, ';', &part)) {
		enum frame_kind kind = FRAME_USER;

		if (part.len > 4 && !memcmp(part.p + part.len - 4, "_[k]", 4)) {
			part.len -= 4;
			kind = FRAME_KERNEL;
		}
		must(builder_frame(b, part,
				   kind == FRAME_KERNEL ? STR_LIT("[kernel]") : STR_LIT("app"),
				   kind, &frame),
		     "frame");
		must(builder_stack(b, node, frame, &node), "stack");
	}
	must(builder_sample(b, series, node, weight, cnt), "sample");
}

__attribute__((unused)) static struct profile *seal(struct builder *b)
{
	struct profile *p;

	must(builder_seal(b, &p), "seal");
	builder_free(b);
	return p;
}

/*
 * Lines separated by newlines. `seconds` 0: length unknown. Of nanosecond profiles the numbers are
 * samples of 10 ms (100 Hz).
 */
__attribute__((unused)) static struct profile *profile_of(enum profile_unit unit, double seconds,
							  const char *lines)
{
	struct builder *b = builder_new(&builder_limits_file, unit);
	struct str rest = str_of(lines), line;

	must(b ? 0 : -ENOMEM, "builder");
	while (str_split(&rest, '\n', &line)) {
		uint64_t weight;
		size_t at = line.len;

		while (at && line.p[at - 1] != ' ')
			at--;
		if (!at)
			continue;
		must(num_parse_u64((struct str){line.p + at, line.len - at}, &weight), "weight");
		put_stack(b, (struct str){line.p, at - 1},
			  unit == PROFILE_NANOSECONDS ? weight * 10000000 : weight, weight);
	}
	builder_window(b, seconds > 0 ? INT64_C(1800000000) * 1000000000 : 0,
		       (uint64_t)(seconds * 1e9), 2, unit == PROFILE_NANOSECONDS ? 100 : 0);
	return seal(b);
}

/* The same samples, put in from the last to the first, one at a time. */
__attribute__((unused)) static struct profile *reversed(const struct profile *p)
{
	struct builder *b = builder_new(&builder_limits_file, p->unit);
	uint32_t path[4096];

	must(b ? 0 : -ENOMEM, "builder");
	for (size_t i = p->sample_cnt; i-- > 0;) {
		const struct sample *s = &p->samples[i];
		uint32_t series, node = 0, frame, depth = 0;

		must(builder_process(b, profile_label(p, s->series, str_of(LABEL_PROCESS)),
				     &series),
		     "process");
		for (uint32_t n = s->node; n && depth < ARRAY_SIZE(path); n = p->nodes[n].parent)
			path[depth++] = p->nodes[n].frame;
		while (depth) {
			const struct frame *f = &p->frames[path[--depth]];

			must(builder_frame(b, profile_str(p, f->name), profile_str(p, f->module),
					   (enum frame_kind)f->kind, &frame),
			     "frame");
			must(builder_stack(b, node, frame, &node), "stack");
		}
		must(builder_sample(b, series, node, s->weight, s->cnt), "sample");
	}
	builder_window(b, p->start_ns, p->length_ns, p->cpus, p->hz);
	return seal(b);
}

/* Of the tests' own: the order of machine words that rand() gives is not the same everywhere. */
__attribute__((unused)) static uint32_t test_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/*
 * A profile of random stacks over few names, so that siblings, recursion and shared prefixes occur.
 */
__attribute__((unused)) static struct profile *
random_profile(uint32_t seed, uint32_t stacks, enum profile_unit unit, double seconds)
{
	static const char *const names[] = {"a", "a-x", "a b", "a;", "b", "B", "c", "", "a\xff"};
	struct builder *b = builder_new(&builder_limits_file, unit);
	uint32_t state = seed;

	must(b ? 0 : -ENOMEM, "builder");
	while (stacks--) {
		uint32_t series, node = 0, frame, depth = test_random(&state) % 12;
		char process[8];

		(void)snprintf(process, sizeof(process), "p%u", test_random(&state) % 4);
		must(builder_process(b, str_of(process), &series), "process");
		while (depth--) {
			const char *name = names[test_random(&state) % ARRAY_SIZE(names)];

			must(builder_frame(b, str_of(name), STR_LIT("m"), FRAME_USER, &frame),
			     "frame");
			must(builder_stack(b, node, frame, &node), "stack");
		}
		must(builder_sample(b, series, node, 1 + test_random(&state) % 1000,
				    1 + test_random(&state) % 3),
		     "sample");
	}
	builder_window(b, 1, (uint64_t)(seconds * 1e9), 2, 97);
	return seal(b);
}

#endif
