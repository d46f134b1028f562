// SPDX-License-Identifier: Apache-2.0
#include "collect/family.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#define MAX_PROCESSES (1 << 20)

struct member {
	uint32_t pid;
	uint32_t ppid;
	bool inside;
};

struct family {
	struct member *items;
	size_t cnt, cap;
};

/*
 * The parent is the second word behind the name, which stands in parentheses and may contain
 * anything.
 */
static int parse_ppid(struct str stat, uint32_t *ret)
{
	const char *close = memrchr(stat.p, ')', stat.len);
	struct str word = {NULL, 0}, rest;
	uint64_t v;

	if (!close || close + 2 > stat.p + stat.len)
		return -EBADMSG;
	rest = (struct str){close + 2, (size_t)(stat.p + stat.len - close - 2)};
	if (!str_split(&rest, ' ', &word) || !str_split(&rest, ' ', &word) ||
	    num_parse_u64(word, &v) || v > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)v;
	return 0;
}

static int add_process(struct family *f, const char *name, struct buf *text)
{
	struct member m = {0};
	char path[64];
	uint64_t pid;
	int r;

	if (num_parse_u64(str_of(name), &pid) || pid > UINT32_MAX)
		return 0;
	buf_clear(text);
	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
	if (fs_read(path, text, NULL) || !text->len || parse_ppid(buf_str(text), &m.ppid))
		return 0; /* it has gone meanwhile */
	m.pid = (uint32_t)pid;
	r = mem_grow(&f->items, &f->cap, f->cnt + 1, sizeof(m), MAX_PROCESSES);
	if (r)
		return r;
	f->items[f->cnt++] = m;
	return 0;
}

static int read_processes(struct family *f, struct err *err)
{
	struct dirent *de;
	struct buf text;
	DIR *dir;
	int r = 0;

	dir = opendir("/proc");
	if (!dir)
		return err_set(err, errno, "/proc: %s", strerror(errno));
	buf_init(&text, 4096);
	while (!r && (de = readdir(dir)))
		r = add_process(f, de->d_name, &text);
	buf_release(&text);
	closedir(dir);
	return r ? err_set(err, r, "list of processes: %s", strerror(-r)) : 0;
}

static bool is_inside(const struct family *f, uint32_t pid)
{
	for (size_t i = 0; i < f->cnt; i++)
		if (f->items[i].pid == pid)
			return f->items[i].inside;
	return false;
}

/*
 * Children may stand before their parents (numbers wrap around): goes round until nobody is added.
 */
static int walk(struct family *f, uint32_t root, family_fn fn, void *arg)
{
	bool found = true;
	int r = 0;

	while (found) {
		found = false;
		for (size_t i = 0; !r && i < f->cnt; i++) {
			struct member *m = &f->items[i];

			if (m->inside || (m->pid != root && !is_inside(f, m->ppid)))
				continue;
			m->inside = found = true;
			r = fn(arg, m->pid);
		}
		if (r)
			return r;
	}
	return is_inside(f, root) ? 0 : -ESRCH;
}

int family_walk(uint32_t pid, family_fn fn, void *arg, struct err *err)
{
	struct family f = {0};
	int r;

	r = read_processes(&f, err);
	if (!r) {
		r = walk(&f, pid, fn, arg);
		if (r == -ESRCH)
			err_set(err, ESRCH, "no process %u", pid);
	}
	free(f.items);
	return r;
}
