// SPDX-License-Identifier: Apache-2.0
#include "elf/rulechild.h"

#include <errno.h>

#include "elf/parser.h"
#include "elf/rulejob.h"

static const struct sandbox_limits limits = {
	.memory_bytes = (size_t)128 << 20,
	.cpu_ms = 4000,
	.wall_ms = 5000,
	.reply_bytes = (size_t)16 << 20,
};

static void let_go(struct rulechild *c)
{
	parser_close(c->session);
	*c = (struct rulechild){.session = NULL};
}

/* That of the file, else a free place, else the one that was asked longest ago. */
static struct rulechild *find_place(struct rulechildren *all, const struct rulechild_file *file)
{
	struct rulechild *found = &all->children[0];

	for (size_t i = 0; i < RULECHILD_MAX; i++) {
		struct rulechild *c = &all->children[i];

		if (c->session && c->owner == file->owner)
			return c;
		if (found->session && (!c->session || c->used_ns < found->used_ns))
			found = c;
	}
	return found;
}

static bool fits(const struct rulechild *c, const struct rulechild_file *file)
{
	return c->session && c->owner == file->owner && c->debug_fd == file->debug_fd &&
	       c->sandbox == file->sandbox && c->asked < RULECHILD_QUESTIONS;
}

static int start(struct rulechildren *all, struct rulechild *c, const struct rulechild_file *file)
{
	int fds[] = {file->fd, file->debug_fd};
	int r;

	let_go(c);
	r = parser_open(file->sandbox, JOB_RULES, fds, file->debug_fd < 0 ? 1 : 2, &limits,
			&c->session);
	all->runs += file->sandbox != NULL;
	c->owner = file->owner;
	c->sandbox = file->sandbox;
	c->debug_fd = file->debug_fd;
	return r;
}

int rulechild_ask(struct rulechildren *all, const struct rulechild_file *file, uint64_t now_ns,
		  uint32_t first_chunk, uint32_t cnt, struct buf *reply)
{
	struct rulejob_request request = {.first_chunk = first_chunk, .cnt = cnt};
	struct str question = {(const char *)&request, sizeof(request)};
	struct rulechild *c = find_place(all, file);
	bool is_new;
	int r;

	for (;;) {
		is_new = !fits(c, file);
		r = is_new ? start(all, c, file) : 0;
		if (!r)
			r = parser_ask(c->session, question, reply);
		c->asked++;
		c->used_ns = now_ns;
		if (!r)
			return 0;
		let_go(c);
		/* what others asked before may have been too much; on its own it gets all there is */
		if (is_new)
			return r;
	}
}

void rulechild_forget(struct rulechildren *all, const void *owner)
{
	for (size_t i = 0; i < RULECHILD_MAX; i++)
		if (all->children[i].session && all->children[i].owner == owner)
			let_go(&all->children[i]);
}

void rulechild_tick(struct rulechildren *all, uint64_t now_ns)
{
	for (size_t i = 0; i < RULECHILD_MAX; i++)
		if (all->children[i].session &&
		    now_ns - all->children[i].used_ns > RULECHILD_IDLE_NS)
			let_go(&all->children[i]);
}

void rulechild_close_all(struct rulechildren *all)
{
	for (size_t i = 0; i < RULECHILD_MAX; i++)
		let_go(&all->children[i]);
}
