// SPDX-License-Identifier: Apache-2.0
/*
 * Names of places in files are remembered by (image, offset), since asking a file means reading it
 * and demangling; the offset is where the function begins, where a small table of ranges tells that
 * it is known already. Two generations share the ceiling: when the young one is full the old one is
 * forgotten, and what is used again moves to the young one. So hot names stay, without a list to
 * keep in order.
 */
#include "sym/symbolizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/idmap.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "elf/image.h"
#include "sym/irqentry.h"
#include "sym/kallsyms.h"

#define OFFSET_BITS    32 /* of the key: larger files have no names. The rest is the image's number */
#define BYTES_AN_ENTRY 96 /* of names, taken for the ceiling */
#define MIN_NAME_BYTES 65536
#define MAX_BRACKETED  256
#define KALLSYMS_NS    (300 * NSEC_PER_SEC) /* between two readings: each takes some 100 ms */

struct generation {
	struct idmap by_place; /* (image, offset) ──► name << 1 | named */
	struct intern names;
};

/* Offsets of one image that have one name. */
struct range {
	uint32_t image; /* 0: none */
	uint32_t start, until;
};

/*
 * Places that are sampled lie close together: the range of the last one in each so many bytes is
 * kept, one in the place of another.
 */
#define RANGE_BYTES_SHIFT 6
#define RANGES		  2048 /* power of two */

struct symbolizer {
	struct generation generations[2];
	struct range ranges[RANGES];
	unsigned int young;
	char *kallsyms_path;
	struct kallsyms *kallsyms;
	uint64_t kallsyms_at_ns; /* when it was read */
	const struct clock *clock;
	struct perfmaps *perfmaps;
	bool kallsyms_tried, kallsyms_hidden;
	uint64_t hits, misses;
	char bracketed[MAX_BRACKETED];
};

const struct symbolizer_opts symbolizer_opts_default = {
	.max_cache_entries = 65536,
	.kallsyms_path = "/proc/kallsyms",
	.perfmap =
		{
			.proc_path = "/proc",
			.clock = &clock_system,
			.max_processes = 256,
			.max_bytes = 16u << 20,
		},
};

int symbolizer_new(const struct symbolizer_opts *opts, struct symbolizer **ret, struct err *err)
{
	uint32_t half = opts->max_cache_entries / 2 + 1;
	size_t bytes = (size_t)half * BYTES_AN_ENTRY;
	struct symbolizer *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, ENOMEM, "symbols: out of memory");
	if (bytes < MIN_NAME_BYTES)
		bytes = MIN_NAME_BYTES;
	for (size_t i = 0; i < ARRAY_SIZE(s->generations); i++) {
		idmap_init(&s->generations[i].by_place, half);
		intern_init(&s->generations[i].names, half, bytes);
	}
	s->clock = opts->perfmap.clock;
	s->kallsyms_path = mem_strndup(opts->kallsyms_path, strlen(opts->kallsyms_path));
	if (!s->kallsyms_path || perfmaps_new(&opts->perfmap, &s->perfmaps)) {
		symbolizer_free(s);
		return err_set(err, ENOMEM, "symbols: out of memory");
	}
	*ret = s;
	return 0;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(s->generations); i++) {
		idmap_release(&s->generations[i].by_place);
		intern_release(&s->generations[i].names);
	}
	free(s->kallsyms_path);
	kallsyms_free(s->kallsyms);
	perfmaps_free(s->perfmaps);
	free(s);
}

void symbolizer_forget(struct symbolizer *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->generations); i++) {
		idmap_release(&s->generations[i].by_place);
		intern_release(&s->generations[i].names);
	}
	perfmaps_shrink(s->perfmaps);
}

/* "libfoo.so" becomes "[libfoo.so]"; what has brackets already keeps them. */
static struct str bracket(struct symbolizer *s, struct str name)
{
	size_t max = sizeof(s->bracketed) - 2;

	if (!name.len)
		return STR_LIT("[unknown]");
	if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
		return name;
	if (name.len > max)
		name.len = max;
	s->bracketed[0] = '[';
	memcpy(s->bracketed + 1, name.p, name.len);
	s->bracketed[name.len + 1] = ']';
	return (struct str){s->bracketed, name.len + 2};
}

static int remember_in(struct generation *g, uint64_t key, struct str name, bool named,
		       struct str *ret_name)
{
	uint32_t id;
	int r = intern_add(&g->names, name.p, name.len, &id);

	if (!r)
		r = idmap_put(&g->by_place, key, (uint64_t)id << 1 | named);
	if (!r)
		*ret_name = intern_get(&g->names, id);
	return r;
}

static void clear_generation(struct generation *g)
{
	idmap_clear(&g->by_place);
	intern_release(&g->names);
}

/* `name` is not in the cache: it may be the old generation that makes room. */
static struct str remember(struct symbolizer *s, uint64_t key, struct str name, bool named)
{
	if (!remember_in(&s->generations[s->young], key, name, named, &name))
		return name;
	s->young = !s->young;
	clear_generation(&s->generations[s->young]);
	(void)remember_in(&s->generations[s->young], key, name, named, &name);
	return name;
}

static bool recall(struct symbolizer *s, uint64_t key, struct symbol *ret)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(s->generations); i++) {
		unsigned int which = s->young ^ i;
		struct generation *g = &s->generations[which];
		uint64_t value;

		if (!idmap_get(&g->by_place, key, &value))
			continue;
		ret->named = value & 1;
		ret->name = intern_get(&g->names, (uint32_t)(value >> 1));
		if (i) /* no room there: the old one keeps it until the next miss */
			(void)remember_in(&s->generations[s->young], key, ret->name, ret->named,
					  &ret->name);
		return true;
	}
	return false;
}

static struct range *range_at(struct symbolizer *s, const struct place *place)
{
	uint64_t chunk = (uint64_t)image_id(place->image) << OFFSET_BITS |
			 place->offset >> RANGE_BYTES_SHIFT;

	return &s->ranges[hash_u64(chunk) & (RANGES - 1)];
}

/* Names are remembered at the beginning of their range, if that is known. */
static uint64_t key_of(const struct place *place, const struct range *range)
{
	uint32_t id = image_id(place->image);
	bool is_inside =
		range->image == id && place->offset >= range->start && place->offset < range->until;

	return (uint64_t)id << OFFSET_BITS | (is_inside ? range->start : place->offset);
}

static void note_range(struct range *range, const struct place *place,
		       const struct image_range *found)
{
	if (place->offset >= found->start && place->offset < found->until &&
	    found->until >> OFFSET_BITS == 0)
		*range = (struct range){image_id(place->image), (uint32_t)found->start,
					(uint32_t)found->until};
}

static void name_file(struct symbolizer *s, const struct place *place, struct symbol *ret)
{
	struct range *range = range_at(s, place);
	uint64_t key = key_of(place, range);
	bool cached = place->offset >> OFFSET_BITS == 0;
	struct image_range found;

	ret->module = image_module(place->image);
	ret->kind = FRAME_USER;
	if (cached && recall(s, key, ret)) {
		s->hits++;
		return;
	}
	s->misses++;
	ret->named = image_symbol(place->image, place->offset, &ret->name, &found);
	if (ret->named && cached) {
		note_range(range, place, &found);
		key = key_of(place, range);
	} else if (!ret->named) {
		ret->name = bracket(s, ret->module);
	}
	if (cached && (ret->named || !image_is_pending(place->image)))
		ret->name = remember(s, key, ret->name, ret->named);
}

static void read_kallsyms(struct symbolizer *s)
{
	int r;

	s->kallsyms_tried = true;
	s->kallsyms_at_ns = clock_mono_ns(s->clock);
	r = kallsyms_read(s->kallsyms_path, &s->kallsyms);
	s->kallsyms_hidden = r == -EACCES;
	if (s->kallsyms_hidden)
		log_warn("symbols: %s hides all addresses, kernel functions stay [kernel]: run as "
			 "root "
			 "or set kernel.kptr_restrict to 1",
			 s->kallsyms_path);
	else if (r)
		log_warn("symbols: cannot read '%s': %s, kernel functions stay [kernel]",
			 s->kallsyms_path, strerror(-r));
}

/* An address without a name may be that of a module or a BPF program that has come since. */
static bool read_kallsyms_again(struct symbolizer *s)
{
	uint64_t now_ns = clock_mono_ns(s->clock);
	struct kallsyms *fresh;

	if (now_ns - s->kallsyms_at_ns < KALLSYMS_NS)
		return false;
	s->kallsyms_at_ns = now_ns;
	if (kallsyms_read(s->kallsyms_path, &fresh))
		return false;
	kallsyms_free(s->kallsyms);
	s->kallsyms = fresh;
	return true;
}

static void name_kernel(struct symbolizer *s, uint64_t address, struct symbol *ret)
{
	ret->kind = FRAME_KERNEL;
	ret->name = ret->module = STR_LIT("[kernel]");
	if (!s->kallsyms_tried)
		read_kallsyms(s);
	if (!s->kallsyms)
		return;
	ret->named = kallsyms_find(s->kallsyms, address, &ret->name, &ret->module);
	if (!ret->named && address >> 63 && read_kallsyms_again(s))
		ret->named = kallsyms_find(s->kallsyms, address, &ret->name, &ret->module);
}

size_t symbolizer_irq_frames(struct symbolizer *s, const struct wire_sample *sample)
{
	if (sample->kernel_cnt && !s->kallsyms_tried)
		read_kallsyms(s);
	return s->kallsyms ? irq_frames(s->kallsyms, sample) : 0;
}

static void name_anon(struct symbolizer *s, const struct place *place, struct symbol *ret)
{
	ret->name = ret->module = STR_LIT("[jit]");
	ret->named =
		perfmap_find(s->perfmaps, place->pid, place->inner_pid, place->offset, &ret->name);
	ret->kind = ret->named ? FRAME_JIT : FRAME_USER;
}

void symbolizer_name(struct symbolizer *s, const struct place *place, struct symbol *ret)
{
	*ret = (struct symbol){
		.name = STR_LIT("[unknown]"), .module = STR_LIT(""), .kind = FRAME_USER};
	switch (place->kind) {
	case PLACE_NONE:
		break;
	case PLACE_FILE:
		name_file(s, place, ret);
		break;
	case PLACE_NO_FILE:
		if (place->name)
			ret->module = str_of(place->name);
		ret->name = bracket(s, ret->module);
		break;
	case PLACE_KERNEL:
		name_kernel(s, place->offset, ret);
		break;
	case PLACE_ANON:
		name_anon(s, place, ret);
		break;
	}
}

void symbolizer_stats(const struct symbolizer *s, struct symbolizer_stats *ret_stats)
{
	*ret_stats = (struct symbolizer_stats){
		.cache_hits = s->hits,
		.cache_misses = s->misses,
		.kernel_functions = s->kallsyms ? kallsyms_cnt(s->kallsyms) : 0,
		.kernel_hidden = s->kallsyms_hidden,
	};
	perfmaps_stats(s->perfmaps, &ret_stats->perfmap);
}
