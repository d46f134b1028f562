// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/* Beside a map that knows nothing of sorting: the last line around an address names it. */
#include "base/num.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "sym/jitmap.h"
#include "sym/jitparse.h"

#define MAX_LINES 512

struct line {
	uint64_t start, end;
	struct str name;
};

static bool parse_hex(struct str s, uint64_t *ret)
{
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x')
		s = (struct str){s.p + 2, s.len - 2};
	return !num_parse_hex(s, ret);
}

static size_t parse(struct str text, struct line *lines)
{
	struct str rest, start, len;
	size_t cnt = 0;

	while (str_split(&text, '\n', &rest)) {
		struct line *l = &lines[cnt];
		uint64_t bytes;

		if (!str_split(&rest, ' ', &start) || !str_split(&rest, ' ', &len) || !rest.p)
			continue;
		l->name = str_trim(rest);
		if (!l->name.len || !parse_hex(start, &l->start) || !parse_hex(len, &bytes) ||
		    !bytes || __builtin_add_overflow(l->start, bytes, &l->end))
			continue;
		if (++cnt == MAX_LINES)
			break;
	}
	return cnt;
}

static void compare_at(const struct jitmap *map, const struct line *lines, size_t cnt,
		       uint64_t address)
{
	const struct line *want = NULL;
	struct str name;
	bool found = jitmap_find(map, address, &name);

	for (size_t i = 0; i < cnt; i++)
		if (address >= lines[i].start && address < lines[i].end)
			want = &lines[i];
	must(found == (want != NULL));
	if (found)
		must(str_eq(name, want->name));
}

static struct jitmap *make_map(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct jitmap *map;
	struct buf table;
	size_t len;
	char *p;

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	buf_init(&table, 1 << 20);
	must(!jitparse_text(text, size, MAX_LINES, false, &table));
	free(text);
	p = buf_detach(&table, &len);
	must(p && !jitmap_load(p, len, &map));
	return map;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line lines[MAX_LINES];
	struct jitmap *map = make_map(data, size);
	size_t cnt = parse((struct str){(const char *)data, size}, lines);

	for (size_t i = 0; i < cnt && cnt < MAX_LINES; i++) {
		compare_at(map, lines, cnt, lines[i].start);
		compare_at(map, lines, cnt, lines[i].start - 1);
		compare_at(map, lines, cnt, lines[i].end - 1);
		compare_at(map, lines, cnt, lines[i].end);
	}
	jitmap_free(map);
	return 0;
}
