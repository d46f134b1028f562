// SPDX-License-Identifier: Apache-2.0
#include "format/sniff.h"

#include <string.h>

#include "base/text.h"
#include "format/folded_line.h"
#include "format/gzip.h"
#include "format/perfscript_line.h"
#include "format/pprof_scan.h"
#include "format/raw.h"

static const struct {
	struct str magic;
	enum sniff kind;
} magics[] = {
	{STR_LIT(RAW_MAGIC), SNIFF_RAW},
	{STR_LIT("SQLite format 3"), SNIFF_SQLITE},
	{STR_LIT("\x7f"
		 "ELF"),
	 SNIFF_ELF},
	{STR_LIT("PERFILE2"), SNIFF_PERF},
};

static bool begins(struct str s, struct str with)
{
	return s.len >= with.len && !memcmp(s.p, with.p, with.len);
}

static bool is_window_line(struct str line)
{
	struct str text;

	if (line.p[0] != '#')
		return false;
	text = str_trim((struct str){line.p + 1, line.len - 1});
	return begins(text, STR_LIT("window ")) && memchr(text.p, '=', text.len);
}

static struct str trim_end(struct str line)
{
	while (line.len && folded_is_blank(line.p[line.len - 1]))
		line.len--;
	return line;
}

/* As perf prints it on a line of its own: a TAB, and an address padded to sixteen columns. */
static bool is_perf_frame(struct str line)
{
	struct perfscript_frame frame;

	return line.len >= 17 && line.p[0] == '\t' && line.p[16] != ' ' &&
	       (line.len == 17 || line.p[17] == ' ') && perfscript_parse_frame(line, &frame) &&
	       frame.has_ip;
}

/* The first line of a sample, with a frame in it or below it. */
static bool is_perfscript(struct str line, struct str below)
{
	struct perfscript_head head;
	struct perfscript_frame frame;

	if (is_perf_frame(line))
		return true;
	if (!perfscript_parse_head(line, &head))
		return false;
	if (head.has_time && (head.tid.len || head.event.len))
		return true;
	if (is_perf_frame(trim_end(below)))
		return true;
	return perfscript_is_strong(&head) && perfscript_parse_frame(head.rest, &frame);
}

/* Text is looked at line by line until one says what it is. */
static enum sniff sniff_text(struct str text)
{
	enum sniff kind = SNIFF_EMPTY;
	struct str line, stack;
	struct folded_count count;

	while (str_split(&text, '\n', &line)) {
		struct str rest = text, below = STR_LIT("");

		line = trim_end(line);
		if (!line.len)
			continue;
		kind = SNIFF_TEXT;
		if (is_window_line(line))
			return SNIFF_WINDOWED;
		if (folded_is_comment(line))
			continue;
		(void)str_split(&rest, '\n', &below);
		if (is_perfscript(line, below))
			return SNIFF_PERFSCRIPT;
		if (!folded_split(line, &stack, &count))
			return SNIFF_FOLDED;
	}
	return kind;
}

/* A stack may begin with a brace, too. */
static enum sniff sniff_json(struct str text, enum sniff otherwise)
{
	text = str_trim(text);
	if (!text.len || text.p[0] != '{')
		return otherwise;
	if (memmem(text.p, text.len, "\"flamebearer\"", 13))
		return SNIFF_FLAMEBEARER;
	return otherwise == SNIFF_TEXT ? SNIFF_JSON : otherwise;
}

/* Characters that no text has, as the beginning of a message cut short does. */
static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 && (s.p[i] < '\a' || s.p[i] > '\r') &&
		    s.p[i] != 0x1b)
			return true;
	return false;
}

enum sniff sniff(struct str bytes)
{
	struct str head = {bytes.p, bytes.len < SNIFF_BYTES ? bytes.len : SNIFF_BYTES};
	enum sniff kind = SNIFF_BINARY;
	struct buf utf8;

	if (!bytes.len)
		return SNIFF_EMPTY;
	if (gzip_is(bytes))
		return SNIFF_GZIP;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (begins(bytes, magics[i].magic))
			return magics[i].kind;
	/* a message may hold no byte that text could not; its first field is number 1: a newline */
	if (bytes.p[0] == '\n' && !pprof_scan(bytes, NULL))
		return SNIFF_PPROF;
	buf_init(&utf8, 4 * SNIFF_BYTES);
	if (!folded_decode(&head, &utf8, NULL)) {
		kind = sniff_text(head);
		if (kind != SNIFF_WINDOWED && kind != SNIFF_PERFSCRIPT)
			kind = sniff_json(head, kind);
	}
	if (kind == SNIFF_TEXT && has_control(head))
		kind = SNIFF_BINARY;
	buf_release(&utf8); /* head may have borrowed it */
	/* a damaged one is still called by its name, so that its reader says where it is damaged */
	if (kind == SNIFF_BINARY && (bytes.p[0] == '\n' || !pprof_scan(bytes, NULL)))
		return SNIFF_PPROF;
	return kind;
}

const char *sniff_name(enum sniff kind)
{
	static const char *const names[] = {
		[SNIFF_EMPTY] = "an empty file",
		[SNIFF_FOLDED] = "folded stacks",
		[SNIFF_WINDOWED] = "windowed folded stacks",
		[SNIFF_PPROF] = "a pprof profile",
		[SNIFF_GZIP] = "a gzip file",
		[SNIFF_RAW] = "raw records",
		[SNIFF_SQLITE] = "an SQLite database",
		[SNIFF_ELF] = "a program or library (ELF)",
		[SNIFF_PERF] = "a perf.data file",
		[SNIFF_TEXT] = "text without folded stacks",
		[SNIFF_PERFSCRIPT] = "output of perf script",
		[SNIFF_FLAMEBEARER] = "flamebearer JSON",
		[SNIFF_JSON] = "JSON without a flamebearer",
		[SNIFF_BINARY] = "binary data of an unknown kind",
	};

	return (size_t)kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown data";
}
