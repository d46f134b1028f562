// SPDX-License-Identifier: Apache-2.0
/*
 * compare [--exe NAME] [--name LABEL] [--top N] FILE - reads what `culprit record --raw FILE
 * --stack-copies` wrote, unwinds each sample a second time with libdw (oracle.h), and compares frame
 * by frame. Prints one line, its columns separated by tabs:
 *
 *	LABEL       what was measured
 *	samples     with a user stack, of processes whose executable is NAME (default: all). Those in
 *	            the middle of an execve have none: the registers are of the program that was
 *	whole       … of which the stack as culprit walked it ends at an entry point
 *	false       … of which culprit says so, though by CFI the last frame has a caller
 *	oracle      … of which libdw comes to an entry point
 *	both        … of which either may be said: those where libdw was not out of copied memory
 *	frames      that both have and that libdw found by CFI alone, the sampled address left out
 *	agree       … of which are the same
 *	stacks      samples that have such frames
 *	equal       … where all of them are the same
 *
 * and with --top the N most frequent places where a stack differs, and where it ended too early.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "format/raw.h"
#include "tests/unwind/oracle.h"
#include "tests/unwind/product.h"

#define MAX_PLACES 4096

/* A line of the lists that --top prints. */
struct place {
	char *text; /* owned */
	uint64_t cnt;
};

struct compare {
	const char *exe, *label;
	struct procs procs;
	struct product *product;
	uint64_t samples, whole, wrong, oracle, both, frames, agree, stacks, equal;
	struct place places[MAX_PLACES];
	size_t place_cnt;
};

/* One sample with all that is known of it. */
struct pair {
	const uint64_t *pcs; /* culprit's, leaf first */
	size_t cnt;
	enum unwind_end end;
	struct oracle *oracle;
	struct oracle_stack stack; /* libdw's */
};

static void note(struct compare *c, const char *text)
{
	size_t i;

	for (i = 0; i < c->place_cnt; i++)
		if (!strcmp(c->places[i].text, text))
			break;
	if (i == MAX_PLACES)
		return;
	if (i == c->place_cnt) {
		c->places[i].text = strdup(text);
		if (!c->places[i].text)
			abort();
		c->place_cnt++;
	}
	c->places[i].cnt++;
}

/*
 * libdw's address as culprit writes it down: one less is where the frame is, also when a signal has
 * come there.
 */
static uint64_t recorded(const struct oracle_stack *s, size_t i)
{
	return s->pcs[i] + (i && s->leaf[i]);
}

static void describe(const struct pair *p, __u64 pc, size_t i, char *text, size_t size)
{
	oracle_describe(p->oracle, pc, i == 0, text, size);
}

/* Where the two go apart: the frame before, and what each makes of its caller. */
static void note_difference(struct compare *c, const struct pair *p, size_t i)
{
	char at[200], ours[200], theirs[200], text[800];

	describe(p, p->pcs[i - 1], i - 1, at, sizeof(at));
	if (i < p->cnt)
		describe(p, p->pcs[i], i, ours, sizeof(ours));
	else
		snprintf(ours, sizeof(ours), "nothing");
	if (i < p->stack.cnt)
		describe(p, recorded(&p->stack, i), i, theirs, sizeof(theirs));
	else
		snprintf(theirs, sizeof(theirs), "nothing");
	snprintf(text, sizeof(text), "differs: caller of %s: culprit %s, libdw %s", at, ours,
		 theirs);
	note(c, text);
}

static void note_end(struct compare *c, const struct pair *p)
{
	static const char *const ends[UNWIND_END_CNT] = {
		"nothing", "said to be whole", "truncated",	  "broken",
		"no rule", "code in no file",  "unknown address", "unfinished",
	};
	char at[200], text[400];

	describe(p, p->pcs[p->cnt - 1], p->cnt - 1, at, sizeof(at));
	snprintf(text, sizeof(text), "ends: %s at %s; libdw %s", ends[p->end], at,
		 p->stack.whole		  ? "whole"
		 : p->stack.out_of_memory ? "out of memory"
					  : "gives up");
	note(c, text);
}

/* Frames that both have, libdw's by CFI alone: how many are the same before the first that is not. */
static void compare_frames(struct compare *c, const struct pair *p)
{
	size_t common = p->cnt < p->stack.sure_cnt ? p->cnt : p->stack.sure_cnt, same = 1;
	bool longer = p->stack.whole && p->stack.sure_cnt == p->stack.cnt && p->cnt > p->stack.cnt;

	while (same < common && p->pcs[same] == recorded(&p->stack, same))
		same++;
	if (longer && same == common)
		common++; /* frames above the outermost one: the first of them is one too many */
	if (common < 2)
		return;
	c->frames += common - 1;
	c->agree += same - 1;
	c->stacks++;
	c->equal += same == common;
	if (same < common)
		note_difference(c, p, same);
}

static void compare_sample(struct compare *c, const struct pair *p)
{
	uint64_t last = p->pcs[p->cnt - 1];
	bool leaf = p->cnt == 1, whole = oracle_is_outermost(p->oracle, last, leaf);

	c->samples++;
	c->whole += whole;
	c->wrong += p->end == UNWIND_END_WHOLE && !whole && oracle_has_rules(p->oracle, last, leaf);
	c->oracle += p->stack.whole;
	c->both += p->stack.whole || !p->stack.out_of_memory;
	compare_frames(c, p);
	if (!whole)
		note_end(c, p);
}

static void on_sample(struct compare *c, const struct wire_sample *s)
{
	const struct wire_stack *copy = wire_sample_stack(s);
	struct oracle_sample start;
	struct proc *proc;
	struct unwind_stack walked;
	struct pair p = {0};

	product_sample(c->product, s, &walked);
	if (!copy || !copy->len || !walked.cnt)
		return;
	p.pcs = walked.pcs;
	p.cnt = walked.cnt;
	p.end = walked.end;
	proc = procs_get(&c->procs, s->pid);
	if (c->exe && strcmp(proc_name(proc), c->exe) != 0)
		return;
	if (!proc->oracle)
		proc->oracle = oracle_new(proc);
	if (!proc->oracle)
		return;
	p.oracle = proc->oracle;
	start = (struct oracle_sample){p.pcs[0], copy->regs, copy->words, copy->addr, copy->len};
	oracle_unwind(p.oracle, &start, &p.stack);
	compare_sample(c, &p);
}

static int on_record(void *arg, const struct wire_header *rec)
{
	struct compare *c = arg;

	if (rec->type == WIRE_SAMPLE) {
		on_sample(c, (const struct wire_sample *)rec);
	} else {
		procs_follow(&c->procs, rec);
		product_take(c->product, rec);
	}
	return 0;
}

static int by_cnt(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->cnt != y->cnt)
		return x->cnt < y->cnt ? 1 : -1;
	return strcmp(x->text, y->text);
}

static void print(struct compare *c, uint64_t top)
{
	printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
	       "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
	       c->label, c->samples, c->whole, c->wrong, c->oracle, c->both, c->frames, c->agree,
	       c->stacks, c->equal);
	qsort(c->places, c->place_cnt, sizeof(c->places[0]), by_cnt);
	for (size_t i = 0; i < c->place_cnt; i++) {
		if (i < top)
			printf("# %6" PRIu64 " %s\n", c->places[i].cnt, c->places[i].text);
		free(c->places[i].text);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: compare [--exe NAME] [--name LABEL] [--top N] FILE\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct compare c = {.procs = {.forget = oracle_free}};
	struct err err = {{0}};
	uint64_t top = 0;
	int i;

	for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2)
		if (!strcmp(argv[i], "--exe"))
			c.exe = argv[i + 1];
		else if (!strcmp(argv[i], "--name"))
			c.label = argv[i + 1];
		else if (strcmp(argv[i], "--top") != 0 || num_parse_u64(str_of(argv[i + 1]), &top))
			return usage();
	if (i + 1 != argc)
		return usage();
	if (!c.label)
		c.label = c.exe ? c.exe : argv[i];
	c.product = product_new();
	(void)unsetenv("DEBUGINFOD_URLS"); /* libdw would ask the network */
	if (raw_read(argv[i], NULL, on_record, &c, NULL, &err)) {
		fprintf(stderr, "compare: %s\n", err.text);
		return 2;
	}
	print(&c, top);
	procs_release(&c.procs);
	product_free(c.product);
	return 0;
}
