// SPDX-License-Identifier: Apache-2.0
/*
 *	known: place ──► chain + 1, 0: nothing is known
 *	chains: arrays of struct link, as bytes        names: those of functions and files
 *
 * There are many places and few chains. When a table is full all of them begin anew.
 */
#include "sym/inlines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/idmap.h"
#include "base/intern.h"
#include "elf/image.h"
#include "elf/linecache.h"

/* A function of a chain. */
struct link {
	uint32_t name, file; /* in names */
	uint32_t line, start;
};

struct inlines {
	struct inlines_opts opts;
	struct linecache *cache;
	struct idmap known;
	struct intern chains, names;
	bool put_off; /* the last question */
	struct inlines_stats stats;
};

const struct inlines_opts inlines_opts_default = {
	.max_places = 65536,
	.max_names = 65536,
	.max_bytes = (size_t)8 << 20,
};

static void start_tables(struct inlines *in)
{
	idmap_init(&in->known, in->opts.max_places);
	intern_init(&in->chains, in->opts.max_names, in->opts.max_bytes);
	intern_init(&in->names, in->opts.max_names, in->opts.max_bytes);
}

static void release_tables(struct inlines *in)
{
	idmap_release(&in->known);
	intern_release(&in->chains);
	intern_release(&in->names);
}

int inlines_new(const struct inlines_opts *opts, struct inlines **ret)
{
	struct inlines *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	in->opts = *opts;
	start_tables(in);
	r = linecache_new(opts->sandbox, &in->cache);
	if (r)
		inlines_free(in);
	else
		*ret = in;
	return r;
}

void inlines_free(struct inlines *in)
{
	if (!in)
		return;
	linecache_free(in->cache);
	release_tables(in);
	free(in);
}

void inlines_stats(const struct inlines *in, struct inlines_stats *ret)
{
	struct linecache_stats lines;

	linecache_stats(in->cache, &lines);
	*ret = in->stats;
	ret->files = lines.opened;
	ret->failed_files = lines.failed;
}

bool inlines_was_put_off(const struct inlines *in)
{
	return in->put_off;
}

struct answer {
	struct inlines *in;
	uint64_t chain; /* + 1; 0: none */
};

static int keep_chain(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	struct link links[LINES_MAX_FRAMES];
	struct answer *a = arg;
	uint32_t chain;
	int r = 0;

	if (!cnt || cnt > LINES_MAX_FRAMES)
		return 0;
	for (size_t k = 0; k < cnt && !r; k++) {
		const struct lines_frame *f = &frames[k];
		struct str name = f->name.len ? f->name : STR_LIT("[inlined]");

		links[k] = (struct link){.line = f->line, .start = f->start};
		r = intern_add(&a->in->names, name.p, name.len, &links[k].name);
		if (!r)
			r = intern_add(&a->in->names, f->file.p, f->file.len, &links[k].file);
	}
	if (!r)
		r = intern_add(&a->in->chains, links, cnt * sizeof(links[0]), &chain);
	if (!r)
		a->chain = (uint64_t)chain + 1;
	return r;
}

/* Which chain there is at a place of a file that is not known yet, in tables that have room. */
static int find_out(struct inlines *in, const struct place *place, uint64_t key, uint64_t *ret)
{
	struct answer a = {.in = in};
	int r = lines_resolve(in->cache, image_id(place->image), image_fd(place->image),
			      image_debug_fd(place->image), &place->offset, 1, keep_chain, &a);

	if (r == -ENOENT)
		r = 0;
	in->put_off = r == -EAGAIN;
	if (!r)
		r = idmap_put(&in->known, key, a.chain);
	if (!r)
		*ret = a.chain;
	return r;
}

size_t inlines_at(struct inlines *in, const struct place *place,
		  struct lines_frame frames[LINES_MAX_FRAMES])
{
	struct link links[LINES_MAX_FRAMES];
	uint64_t key, chain = 0;
	struct str bytes;
	size_t cnt;
	int r = 0;

	in->put_off = false;
	if (place->kind != PLACE_FILE || place->offset >> 32)
		return 0;
	key = (uint64_t)image_id(place->image) << 32 | place->offset;
	if (!idmap_get(&in->known, key, &chain)) {
		in->stats.places++;
		r = find_out(in, place, key, &chain);
		if (r == -ENOSPC) {
			release_tables(in);
			start_tables(in);
			r = find_out(in, place, key, &chain);
		}
		in->stats.found += !r && chain;
	}
	if (r || !chain)
		return 0;
	bytes = intern_get(&in->chains, (uint32_t)(chain - 1));
	cnt = bytes.len / sizeof(links[0]);
	memcpy(links, bytes.p, bytes.len);
	for (size_t i = 0; i < cnt; i++)
		frames[i] = (struct lines_frame){
			.name = intern_get(&in->names, links[i].name),
			.file = intern_get(&in->names, links[i].file),
			.line = links[i].line,
			.start = links[i].start,
			.is_inlined = i > 0,
		};
	return cnt;
}
