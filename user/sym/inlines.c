// SPDX-License-Identifier: Apache-2.0
/*
 *	known: place ──► chain + 1, 0: nothing inlined
 *	chains: arrays of the numbers of names, as bytes        names: bytes
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

struct inlines {
	struct inlines_opts opts;
	struct linecache *cache;
	struct idmap known;
	struct intern chains, names;
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

struct answer {
	struct inlines *in;
	uint64_t chain; /* + 1; 0: none */
};

static int keep_chain(void *arg, size_t i, const struct lines_frame *frames, size_t cnt)
{
	uint32_t ids[LINES_MAX_FRAMES], chain;
	struct answer *a = arg;
	int r = 0;

	if (cnt < 2)
		return 0;
	for (size_t k = 1; k < cnt && !r; k++) {
		struct str name = frames[k].name.len ? frames[k].name : STR_LIT("[inlined]");

		r = intern_add(&a->in->names, name.p, name.len, &ids[k - 1]);
	}
	if (!r)
		r = intern_add(&a->in->chains, ids, (cnt - 1) * sizeof(ids[0]), &chain);
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
	if (!r)
		r = idmap_put(&in->known, key, a.chain);
	if (!r)
		*ret = a.chain;
	return r;
}

size_t inlines_at(struct inlines *in, const struct place *place, struct str names[LINES_MAX_FRAMES])
{
	uint32_t ids[LINES_MAX_FRAMES];
	uint64_t key, chain = 0;
	struct str bytes;
	size_t cnt;
	int r = 0;

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
	cnt = bytes.len / sizeof(ids[0]);
	memcpy(ids, bytes.p, bytes.len);
	for (size_t i = 0; i < cnt; i++)
		names[i] = intern_get(&in->names, ids[i]);
	return cnt;
}
