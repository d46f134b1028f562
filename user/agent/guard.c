// SPDX-License-Identifier: Apache-2.0
#include "agent/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"

#define BOOT_ID	 "/proc/sys/kernel/random/boot_id"
#define MAX_FILE 4096
#define HEAD	 "# What culprit attaches to this machine; see culprit doctor --store.\n"

/* The most suspicious first. */
static const struct {
	unsigned int feature;
	const char *key, *name;
} features[] = {
	{GUARD_KERNEL_STACKS, "kernel-stacks", "kernel stacks"},
	{GUARD_UNWIND_RULES, "unwind-rules", "unwinding by rules"},
	{GUARD_SAMPLING, "sampling", "sampling"},
};

struct guard_verdict guard_decide(const struct guard_note *found, const char *boot_now)
{
	struct guard_verdict v = {0, 0};

	if (!found)
		return v;
	v.off = found->off;
	if (!found->attaching || !*boot_now || !strcmp(found->boot, boot_now))
		return v;
	for (size_t i = 0; !v.blamed && i < ARRAY_SIZE(features); i++)
		v.blamed = found->on & features[i].feature & ~v.off;
	v.off |= v.blamed;
	return v;
}

static void add_set(struct buf *b, unsigned int set)
{
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (set & features[i].feature) {
			buf_addf(b, "%s%s", separator, features[i].key);
			separator = ",";
		}
}

void guard_add_names(struct buf *b, unsigned int set)
{
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (set & features[i].feature) {
			buf_addf(b, "%s%s", separator, features[i].name);
			separator = ", ";
		}
}

void guard_format(const struct guard_note *note, struct buf *b)
{
	buf_addf(b, HEAD "boot=%s\nstate=%s\non=", note->boot,
		 note->attaching ? "attaching" : "well");
	add_set(b, note->on);
	buf_addstr(b, "\noff=");
	add_set(b, note->off);
	buf_addch(b, '\n');
}

static unsigned int parse_set(struct str text)
{
	unsigned int set = 0;
	struct str word;

	while (text.len && str_split(&text, ',', &word))
		for (size_t i = 0; i < ARRAY_SIZE(features); i++)
			if (str_eq(word, str_of(features[i].key)))
				set |= features[i].feature;
	return set;
}

int guard_parse(struct str text, struct guard_note *ret)
{
	struct guard_note note = {.attaching = false};
	bool has_boot = false, has_state = false;
	struct str line, key;

	while (str_split(&text, '\n', &line)) {
		if (!line.len || line.p[0] == '#' || !str_split(&line, '=', &key) || !line.p)
			continue;
		if (str_eq(key, STR_LIT("boot"))) {
			if (line.len >= sizeof(note.boot) || memchr(line.p, '\0', line.len))
				return -EINVAL;
			memcpy(note.boot, line.p, line.len);
			note.boot[line.len] = '\0';
			has_boot = line.len > 0;
		} else if (str_eq(key, STR_LIT("state"))) {
			note.attaching = str_eq(line, STR_LIT("attaching"));
			has_state = note.attaching || str_eq(line, STR_LIT("well"));
		} else if (str_eq(key, STR_LIT("on"))) {
			note.on = parse_set(line);
		} else if (str_eq(key, STR_LIT("off"))) {
			note.off = parse_set(line);
		}
	}
	if (!has_boot || !has_state)
		return -EINVAL;
	*ret = note;
	return 0;
}

/* Empty when the kernel has none. */
static void read_boot(char *ret, size_t size)
{
	struct buf text;
	struct str id;

	*ret = '\0';
	buf_init(&text, MAX_FILE);
	if (!fs_read(BOOT_ID, &text, NULL)) {
		id = str_trim(buf_str(&text));
		if (id.len && id.len < size) {
			memcpy(ret, id.p, id.len);
			ret[id.len] = '\0';
		}
	}
	buf_release(&text);
}

static int read_note(const char *path, struct guard_note *ret, struct err *err)
{
	struct buf text;
	int r;

	buf_init(&text, MAX_FILE);
	r = fs_read(path, &text, err);
	if (!r) {
		r = guard_parse(buf_str(&text), ret);
		if (r)
			err_set(err, r, "%s: not written by culprit", path);
	}
	buf_release(&text);
	return r;
}

/* The name of a file is on disk only when its directory is. */
static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		r = -errno;
	(void)close(fd);
	return r;
}

static void write_note(struct guard *g)
{
	struct err err = {{0}};
	struct buf text;
	int r;

	buf_init(&text, MAX_FILE);
	guard_format(&g->note, &text);
	r = buf_error(&text);
	if (!r)
		r = fs_write(g->path, buf_str(&text), &err);
	if (!r)
		r = sync_dir(g->dir);
	if (r)
		log_warn("guard: cannot write '%s': %s; should the machine go down, the next start "
			 "will not know",
			 g->path, *err.text ? err.text : strerror(-r));
	buf_release(&text);
}

static int refuse(const struct guard *g, struct err *err)
{
	return err_set(err, EPERM,
		       "the machine went down while the agent was attaching, more than once: it "
		       "attaches nothing. To try again: --retry-attach, or delete %s",
		       g->path);
}

static void tell(const struct guard *g)
{
	struct buf names;

	buf_init(&names, MAX_FILE);
	guard_add_names(&names, g->verdict.off);
	if (!buf_error(&names))
		log_warn("guard: off because the machine went down%s: %s; to try again: "
			 "--retry-attach, or delete '%s'",
			 g->verdict.blamed ? " while the agent was attaching" : " before",
			 names.data, g->path);
	buf_release(&names);
}

int guard_begin(struct guard *g, const char *dir, unsigned int wanted, bool retry, struct err *err)
{
	struct guard_note found;
	struct err reason = {{0}};
	int r;

	*g = (struct guard){.dir = strdup(dir)};
	if (!g->dir || asprintf(&g->path, "%s/" GUARD_FILE, dir) < 0) {
		g->path = NULL;
		return err_set(err, ENOMEM, "out of memory");
	}
	read_boot(g->note.boot, sizeof(g->note.boot));
	g->no_boot = !*g->note.boot;
	if (g->no_boot)
		log_warn("guard: cannot read " BOOT_ID ": a machine that the agent takes down "
			 "would not be told from one that was shut down");
	r = read_note(g->path, &found, &reason);
	if (r && r != -ENOENT)
		log_warn("guard: %s, starting as if it were not there", reason.text);
	if (!r && !retry)
		g->verdict = guard_decide(&found, g->note.boot);
	if (g->verdict.off)
		tell(g);
	g->note.off = g->verdict.off;
	g->note.on = wanted & ~g->verdict.off;
	if (!(g->verdict.off & GUARD_SAMPLING))
		return 0;
	/* what is known now must outlive the next start, too */
	write_note(g);
	return refuse(g, err);
}

void guard_attaching(struct guard *g)
{
	if (g->no_boot)
		return;
	g->note.attaching = true;
	write_note(g);
}

void guard_healthy(struct guard *g)
{
	if (!g->note.attaching)
		return;
	g->note.attaching = false;
	if (g->note.off)
		write_note(g);
	else if (unlink(g->path) && errno != ENOENT)
		log_warn("guard: cannot delete '%s': %s", g->path, strerror(errno));
	else
		(void)sync_dir(g->dir);
}

void guard_release(struct guard *g)
{
	free(g->path);
	free(g->dir);
	*g = (struct guard){.path = NULL};
}

int guard_look(const char *dir, struct guard_note *ret_note, struct guard_verdict *ret_verdict,
	       struct err *err)
{
	char boot[GUARD_BOOT_MAX];
	struct guard_note note;
	char *path;
	int r;

	if (asprintf(&path, "%s/" GUARD_FILE, dir) < 0)
		return err_set(err, ENOMEM, "out of memory");
	r = read_note(path, &note, err);
	free(path);
	if (r)
		return r;
	read_boot(boot, sizeof(boot));
	*ret_verdict = guard_decide(&note, boot);
	*ret_note = note;
	return 0;
}
