// SPDX-License-Identifier: Apache-2.0
/*
 * folded_pair DIR [MB] - writes DIR/a.folded and DIR/b.folded, so many MB each (64), always the same: two hours of a
 * cluster of 100 pods. Each pod's stacks come in order, as a trie is walked; a line is about 1 kB: 20 to 40 frames with
 * names like those of C++ and Java. A fifth of all stacks is on one side only, as many on the other; in b one pod takes
 * four times as much, and the others vary by a tenth.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define PODS  100
#define DEPTH 40

static uint64_t state;

static uint32_t next(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % below;
}

static const char *const words[] = {"handle", "Request", "parse",   "Buffer", "commit",	  "Index",
				    "flush",  "Page",	 "Session", "lookup", "Iterator", "encode"};

/* The name of frame `n` at that depth: the same number is the same function. */
static int add_name(char *out, size_t room, uint32_t depth, uint32_t n)
{
	uint32_t id = depth * 8 + n;

	return snprintf(out, room, ";%s::%s%s::%s_%u", words[id % 12], words[id / 12 % 12],
			words[id * 7 % 12], words[id * 5 % 12], id);
}

struct stack {
	uint32_t frames[DEPTH], depth;
};

/* The next stack leaves the last one somewhere in its lower half. */
static void step(struct stack *s)
{
	uint32_t shared = s->depth ? s->depth / 2 + next(s->depth - s->depth / 2) : 0;

	s->depth = shared + 1 + next(20);
	if (s->depth < 20)
		s->depth = 20;
	if (s->depth > DEPTH)
		s->depth = DEPTH;
	for (uint32_t i = shared; i < s->depth; i++)
		s->frames[i] = next(i < 10 ? 2 : 8);
}

static void write_line(FILE *out, uint32_t pod, const struct stack *s, uint32_t count)
{
	char line[DEPTH * 80];
	size_t len = (size_t)snprintf(line, sizeof(line), "pod-%02u;start;main", pod);

	for (uint32_t i = 0; i < s->depth; i++)
		len += (size_t)add_name(line + len, sizeof(line) - len, i, s->frames[i]);
	len += (size_t)snprintf(line + len, sizeof(line) - len, " %u\n", count);
	fwrite(line, 1, len, out);
}

static bool write_side(const char *dir, const char *name, bool after, uint64_t bytes)
{
	char path[4096];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	if (!out)
		return false;
	for (uint32_t pod = 0; pod < PODS; pod++) {
		struct stack s = {.depth = 0};

		state = pod + 1;
		while ((uint64_t)ftell(out) < bytes / PODS * (pod + 1)) {
			uint32_t fate = next(10), count = 1 + next(1000);

			step(&s);
			if (after ? fate == 0 || fate == 1 : fate == 2 || fate == 3)
				continue;
			if (after)
				count = pod == 42 ? count * 4 : count * (95 + fate) / 100 + 1;
			write_line(out, pod, &s, count);
		}
	}
	return !fclose(out);
}

int main(int argc, char **argv)
{
	uint64_t bytes = 64;

	if (argc < 2 || (argc > 2 && num_parse_u64(str_of(argv[2]), &bytes))) {
		fprintf(stderr, "usage: folded_pair DIR [MB]\n");
		return 2;
	}
	bytes <<= 20;
	if (!write_side(argv[1], "a.folded", false, bytes) ||
	    !write_side(argv[1], "b.folded", true, bytes)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
