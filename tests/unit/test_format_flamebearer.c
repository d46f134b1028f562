// SPDX-License-Identifier: Apache-2.0
#include "format/flamebearer.h"

#include "base/text.h"
#include "format/folded.h"
#include "model/builder.h"
#include "unit/tap.h"

static struct flamebearer_report rep;
static struct err err;

static struct profile *read_side(const char *text, int column)
{
	struct flamebearer_opts opts = {.column = column};
	struct profile *p = NULL;

	err.text[0] = '\0';
	return flamebearer_read(str_of(text), &opts, &p, &rep, &err) ? NULL : p;
}

static const char *canon(const char *text, int column)
{
	static struct buf out;
	struct profile *p = read_side(text, column);

	buf_release(&out);
	buf_init(&out, 1 << 20);
	if (!p)
		return err.text;
	if (folded_write(p, NULL, &out))
		return NULL;
	profile_free(p);
	buf_add(&out, "", 0);
	return out.data;
}

#define NAMES "\"names\":[\"total\",\"main\",\"read\",\"write\",\"other; 2\"]"
#define SINGLE(levels, rest) \
	"{\"version\":1,\"flamebearer\":{" NAMES ",\"levels\":" levels "}," rest "}"
#define SAMPLES                                                                                  \
	"\"metadata\":{\"format\":\"single\",\"units\":\"samples\",\"sampleRate\":100,\"name\":" \
	"\"cpu\"}"
#define LEVELS "[[0,20,1,0],[0,9,2,1,4,7,7,1],[2,3,3,2,0,4,4,3]]"

static void single(void)
{
	struct profile *p;

	is_str(canon(SINGLE(LEVELS, SAMPLES), 0),
	       "cpu 1\ncpu;main 9\ncpu;main;read 3\ncpu;main;write 4\n",
	       "levels become stacks; the first one is the root");
	p = read_side(SINGLE(LEVELS,
			     SAMPLES ",\"timeline\":{\"startTime\":1700000000,\"samples\":[1,2,3],"
				     "\"durationDelta\":10}"),
		      0);
	ok(p && p->unit == PROFILE_NANOSECONDS && p->total == 170000000 && p->total_cnt == 17 &&
		   p->hz == 100,
	   "samples become time by their rate");
	ok(p && p->start_ns == INT64_C(1700000000000000000) && p->length_ns == 30 * NSEC_PER_SEC,
	   "when it was, and how long");
	profile_free(p);
	p = read_side(
		SINGLE(LEVELS, "\"metadata\":{\"units\":\"samples\",\"sampleRate\":1000000000}"),
		0);
	ok(p && p->unit == PROFILE_NANOSECONDS && p->total == 17 && !p->total_cnt,
	   "a rate of 1e9: nanoseconds");
	profile_free(p);
	p = read_side(SINGLE(LEVELS, "\"metadata\":{\"units\":\"bytes\",\"sampleRate\":100}"), 0);
	ok(p && p->unit == PROFILE_SAMPLES && p->total == 17 && rep.no_time &&
		   !strcmp(rep.units, "bytes"),
	   "bytes stay bytes");
	profile_free(p);
	is_str(canon(SINGLE("[[0,5,0,0],[0,0,0,1,0,5,5,2],[0,5.0,5.0,4]]", "\"timeline\":null"), 0),
	       "[unknown];read 5\n[unknown];read;other: 2 5\n",
	       "bars of nothing, a number as a fraction");
}

static void twofold(void)
{
	static const char text[] =
		"{\"flamebearer\":{" NAMES ",\"levels\":[[0,9,0,0,5,0,0],[0,9,2,0,5,1,1],"
		"[0,4,4,0,0,0,3,0,3,3,0,4,4,2]]},\"metadata\":{\"format\":\"double\",\"units\":"
		"\"samples\"}}";

	is_str(canon(text, 1), "[unknown];main 2\n[unknown];main;read 3\n[unknown];main;write 4\n",
	       "left");
	is_str(canon(text, 2), "[unknown];main 1\n[unknown];main;read 4\n", "right");
	ok(strstr(canon(text, 0), "holds two profiles"), "neither: %s", err.text);
	ok(strstr(canon(SINGLE(LEVELS, SAMPLES), 1), "one profile"), "a side of one: %s", err.text);
}

static void is_refused(const char *text, const char *why)
{
	struct profile *p = read_side(text, 0);

	ok(!p && strstr(err.text, why), "%s", err.text);
	profile_free(p);
}

static void defects(void)
{
	is_refused("", "line 1, column 0");
	is_refused("{\"flamebearer\":{", "line 1, column ");
	is_refused("[1]", "want names and levels");
	is_refused("{\"flamebearer\":7}", "want names and levels");
	is_refused(SINGLE("[[0,5,0]]", SAMPLES), "level 0: want a list of 4");
	is_refused(SINGLE("[7]", SAMPLES), "level 0: want a list of 4");
	is_refused(SINGLE("[[0,5,0,9]]", SAMPLES), "level 0, number 0: no such name");
	is_refused(SINGLE("[[0,5,0,-1]]", SAMPLES), "want whole numbers");
	is_refused(SINGLE("[[0,5,\"x\",0]]", SAMPLES), "want whole numbers");
	is_refused(SINGLE("[[0,9223372036854775807,1,0]]", SAMPLES), "want whole numbers");
	is_refused(SINGLE("[[0,5,0,0],[0,6,0,1]]", SAMPLES),
		   "level 1, number 0: the bar does not lie");
	is_refused(SINGLE("[[0,5,0,0],[3,3,0,1]]", SAMPLES), "does not lie");
	is_refused(SINGLE("[[2,5,0,0],[1,2,0,1]]", SAMPLES), "does not lie");
	is_refused(SINGLE("[[0,4,0,0],[4611686018427387904,4,0,1]]", SAMPLES), "does not lie");
	is_refused(SINGLE(LEVELS, "\"metadata\":{\"format\":\"triple\"}"),
		   "neither single nor double");
}

int main(void)
{
	single();
	twofold();
	defects();
	return tap_done();
}
