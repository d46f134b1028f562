// SPDX-License-Identifier: Apache-2.0
#include "elf/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "elf/debugfiles.h"
#include "elf/demanglechild.h"
#include "elf/jobs.h"
#include "elf/parser.h"
#include "elf/readtime.h"
#include "elf/rulechild.h"
#include "elf/symblocks.h"
#include "elf/symfile.h"
#include "elf/symjob.h"

#define MAX_DEBUG_PATH 4096
#define MAX_ANSWER     65536
#define TICK_NS	       NSEC_PER_SEC

struct namer {
	struct image_limits limits;
	struct symcache *cache;
	image_open_debug_fn open_debug;
	void *open_debug_arg;
	struct names *newest, *oldest; /* those that have a table */
	uint64_t unnamed_bytes, memory_bytes;
	struct readtime time;
	uint64_t ticked_ns;
	struct symblocks *blocks;
	struct rulechildren rules;
	struct demanglechild demangler;
	struct image_stats stats;
	struct buf answer;
	struct symfile_name found;
};

static const struct sandbox_limits read_limits = {
	.memory_bytes = (size_t)320 << 20,
	.cpu_ms = 5000,
	.wall_ms = 20000, /* it may be a busy machine */
	.reply_bytes = MAX_ANSWER,
};

int namer_new(const struct image_limits *limits, struct namer **ret)
{
	struct namer *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->limits = *limits;
	n->limits.cache_dir = NULL; /* borrowed for this call only */
	n->time = (struct readtime){
		.clock = limits->clock,
		.sandbox = limits->sandbox,
		.share = limits->read_share,
		.burst_ns = limits->read_burst_ns,
	};
	buf_init(&n->answer, MAX_ANSWER);
	if (symblocks_new(limits->cached_blocks, &n->blocks) ||
	    symcache_new(limits->cache_dir, limits->cache_bytes, limits->cache_files, &n->cache)) {
		namer_free(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

void namer_free(struct namer *n)
{
	if (!n)
		return;
	demanglechild_close(&n->demangler);
	rulechild_close_all(&n->rules);
	symcache_free(n->cache);
	symblocks_free(n->blocks);
	buf_release(&n->answer);
	free(n);
}

void namer_set_opener(struct namer *n, image_open_debug_fn fn, void *arg)
{
	n->open_debug = fn;
	n->open_debug_arg = arg;
}

/* ---- the tables that are open, in the order of use ---- */

static void unlink_names(struct namer *n, struct names *names)
{
	if (names->newer)
		names->newer->older = names->older;
	else
		n->newest = names->older;
	if (names->older)
		names->older->newer = names->newer;
	else
		n->oldest = names->newer;
	names->newer = names->older = NULL;
}

static void link_newest(struct namer *n, struct names *names)
{
	names->older = n->newest;
	if (n->newest)
		n->newest->newer = names;
	else
		n->oldest = names;
	n->newest = names;
}

static void touch(struct namer *n, struct names *names)
{
	if (n->newest == names)
		return;
	unlink_names(n, names);
	link_newest(n, names);
}

static void close_table(struct namer *n, struct names *names)
{
	if (!names->table)
		return;
	unlink_names(n, names);
	n->stats.loaded_tables--;
	if (names->is_unnamed)
		n->unnamed_bytes -= symfile_size(names->table);
	if (names->is_memory)
		n->memory_bytes -= symfile_size(names->table);
	symfile_free(names->table);
	names->table = NULL;
	names->state = NAMES_UNREAD;
	rulechild_forget(&n->rules, names); /* it has the debug file that is closed here */
	if (names->debug_fd >= 0)
		(void)close(names->debug_fd);
	names->debug_fd = -1;
}

void names_forget(struct namer *n, struct names *names)
{
	rulechild_forget(&n->rules, names);
	close_table(n, names);
}

/* Others make room for this one. A table that has no name must be made again when it is wanted. */
static void fit_budget(struct namer *n, const struct names *keep)
{
	while (n->oldest && n->oldest != keep &&
	       (n->stats.loaded_tables > n->limits.max_tables ||
		n->unnamed_bytes > n->limits.cache_bytes ||
		n->memory_bytes > n->limits.max_memory_bytes)) {
		struct names *victim = n->oldest;

		/* of those that cost memory, or space, only these help */
		while (victim != keep && n->stats.loaded_tables <= n->limits.max_tables &&
		       !victim->is_unnamed && !victim->is_memory && victim->newer)
			victim = victim->newer;
		if (victim == keep)
			break;
		close_table(n, victim);
		n->stats.evicted_tables++;
	}
}

static int take_table(struct namer *n, struct names *names, struct symfile *table,
		      enum symcache_place place)
{
	uint64_t size = symfile_size(table);

	if (place == SYMCACHE_MEMORY && size > n->limits.max_memory_bytes) {
		symfile_free(table);
		return -ENOSPC;
	}
	close_table(n, names);
	symfile_share(table, n->blocks);
	names->table = table;
	names->state = NAMES_READ;
	names->is_unnamed = place != SYMCACHE_DIRECTORY;
	names->is_memory = place == SYMCACHE_MEMORY;
	n->unnamed_bytes += names->is_unnamed ? size : 0;
	n->memory_bytes += names->is_memory ? size : 0;
	n->stats.loaded_tables++;
	link_newest(n, names);
	fit_budget(n, names);
	return 0;
}

/* ---- making a symbol file ---- */

static int run_child(struct namer *n, const struct names_file *file, int out,
		     const struct debugfiles *debug)
{
	struct symjob_read request = {
		.kind = SYMJOB_READ,
		.max_symbols = n->limits.max_symbols,
		.max_eager = n->limits.max_eager,
		.debug_tried = debug->tried,
	};
	struct sandbox_limits limits = read_limits;
	struct sandbox *sandbox = file->is_ours ? NULL : n->limits.sandbox;
	int fds[SYMJOB_MAX_FDS] = {[SYMJOB_IMAGE] = file->fd, [SYMJOB_OUT] = out};
	int r;

	memcpy(fds + SYMJOB_DEBUG, debug->fds, debug->cnt * sizeof(*fds));
	limits.file_bytes = n->limits.max_table_bytes;
	buf_clear(&n->answer);
	n->stats.child_runs += !file->is_ours;
	r = parser_run(sandbox, JOB_SYMBOLS, fds, SYMJOB_DEBUG + debug->cnt,
		       (struct str){(const char *)&request, sizeof(request)}, &limits, &n->answer);
	/* a child always gets as much as it may have: a second one would not get further */
	return r == -ENOMEM && sandbox ? -EFBIG : r;
}

static bool is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT || r == -EIO;
}

static int make_table(struct namer *n, const struct names_file *file,
		      const struct debugfiles *debug)
{
	enum symcache_place place = file->path[0] == '/' ? SYMCACHE_DIRECTORY : SYMCACHE_UNNAMED;
	struct symcache_draft draft;
	struct symfile *table = NULL;
	uint64_t begin = readtime_begin(&n->time);
	int r;

	for (;;) {
		r = symcache_begin(n->cache, place, &draft);
		if (r)
			break;
		r = run_child(n, file, draft.fd, debug);
		if (!r)
			break;
		symcache_drop(n->cache, &draft, r);
		if (!is_full(r) || draft.place == SYMCACHE_MEMORY)
			break;
		place = draft.place + 1; /* where there may be room */
	}
	if (!r)
		r = symfile_open(symcache_keep(n->cache, &draft, &file->key), &table);
	if (!r)
		r = take_table(n, file->names, table, draft.place);
	if (r == -EBADMSG)
		symcache_remove(n->cache, &file->key);
	readtime_end(&n->time, begin);
	return r;
}

/* ---- debug files ---- */

/*
 * The table is there; is there a debug file that knows more, and that has not been asked yet? 0, or
 * -EAGAIN, and the table is closed.
 */
static int ask_debug_files(struct namer *n, const struct names_file *file)
{
	struct symfile_info info;
	struct debugfiles d;
	size_t used;
	int r = 0;

	if (symfile_info(file->names->table, &info))
		return 0;
	debugfiles_find(n->open_debug, n->open_debug_arg, file, &info, &d);
	if (d.cnt && d.tried != info.debug_tried) {
		r = make_table(n, file, &d);
		if (r)
			log_debug("elf: no names from the debug file of '%s': %s", file->path,
				  strerror(-r));
		if (r == -EAGAIN) { /* nobody to parse it, now: all once more */
			debugfiles_close(&d, SIZE_MAX);
			close_table(n, file->names);
			return r;
		}
		if (!file->names->table || symfile_info(file->names->table, &info))
			info.debug_used = 0;
	}
	used = info.debug_used && info.debug_used <= d.cnt ? info.debug_used - 1u : SIZE_MAX;
	if (used != SIZE_MAX)
		file->names->debug_fd = d.fds[used];
	debugfiles_close(&d, used);
	return 0;
}

/* ---- reading a symbol file ---- */

static bool open_known(struct namer *n, const struct names_file *file)
{
	struct symfile *table = NULL;
	int fd = symcache_find(n->cache, &file->key);

	if (fd < 0)
		return false;
	if (symfile_open(fd, &table)) {
		symcache_remove(n->cache, &file->key);
		n->stats.damaged_tables++;
		return false;
	}
	n->stats.cache_hits++;
	return !take_table(n, file->names, table, SYMCACHE_DIRECTORY);
}

static int load(struct namer *n, const struct names_file *file)
{
	struct debugfiles none = {.cnt = 0};

	if (file->key.size > n->limits.max_file_bytes)
		return -EFBIG;
	if (!open_known(n, file)) {
		int r = readtime_may(&n->time) ? make_table(n, file, &none) : -EBUSY;

		if (r)
			return r;
	}
	return ask_debug_files(n, file);
}

/* Opens the table if that is possible now; afterwards it is there, or it is known why not. */
static void load_in_time(struct namer *n, const struct names_file *file)
{
	struct names *names = file->names;
	int r;

	names->put_off = false;
	if (names->state != NAMES_UNREAD)
		return;
	r = load(n, file);
	if (!r)
		return;
	if (r == -EBUSY || r == -ENOMEM || r == -EAGAIN || r == -EMFILE || r == -ENFILE) {
		names->put_off = true;
		n->stats.put_off++;
		return;
	}
	names->state = NAMES_NONE;
	n->stats.refused_files++;
	log_debug("elf: no names from '%s': %s", file->path, strerror(-r));
}

/* Raw names of large tables. Whatever goes wrong for good, the raw name is a name, too. */
static bool demangle_found(struct namer *n, const struct names_file *file, struct str *ret)
{
	uint64_t begin;
	int r;

	*ret = (struct str){n->found.text, n->found.len};
	if (!n->found.is_mangled || n->found.text[0] != '_')
		return true;
	if (!readtime_may(&n->time)) {
		file->names->put_off = true;
		n->stats.put_off++;
		return false;
	}
	begin = readtime_begin(&n->time);
	r = demanglechild_ask(&n->demangler, n->limits.sandbox, *ret,
			      clock_mono_ns(n->limits.clock), ret);
	if (r == -EAGAIN) {
		file->names->put_off = true;
		n->stats.put_off++;
	}
	readtime_end(&n->time, begin);
	return r != -EAGAIN;
}

bool names_find(struct namer *n, const struct names_file *file, uint64_t offset,
		struct str *ret_name, struct image_range *ret_range)
{
	struct names *names = file->names;
	int r;

	load_in_time(n, file);
	if (names->state != NAMES_READ)
		return false;
	touch(n, names);
	r = symfile_find(names->table, file->fd, offset, &n->found);
	if (r < 0) { /* damaged since it was opened: once more, then no more */
		n->stats.damaged_tables++;
		close_table(n, names);
		symcache_remove(n->cache, &file->key);
		names->state = names->was_damaged ? NAMES_NONE : NAMES_UNREAD;
		names->put_off = !names->was_damaged;
		names->was_damaged = true;
		return false;
	}
	if (!r || !demangle_found(n, file, ret_name))
		return false;
	if (ret_range)
		*ret_range = (struct image_range){n->found.start, n->found.until};
	return true;
}

int names_build_id(struct namer *n, const struct names_file *file, struct buildid *ret)
{
	struct symfile_info info;

	load_in_time(n, file);
	if (file->names->state != NAMES_READ || symfile_info(file->names->table, &info))
		return -ENODATA;
	*ret = info.build_id;
	return 0;
}

int names_rules(struct namer *n, const struct names_file *file, uint32_t first_chunk, uint32_t cnt,
		struct buf *reply)
{
	struct rulechild_file child = {
		.owner = file->names,
		.sandbox = file->is_ours ? NULL : n->limits.sandbox,
		.fd = file->fd,
		.debug_fd = file->names->debug_fd,
	};
	uint64_t begin, runs = n->rules.runs;
	int r;

	if (file->key.size > n->limits.max_file_bytes)
		return -EFBIG;
	if (!readtime_may(&n->time)) {
		n->stats.put_off++;
		return -EAGAIN;
	}
	begin = readtime_begin(&n->time);
	r = rulechild_ask(&n->rules, &child, clock_mono_ns(n->limits.clock), first_chunk, cnt,
			  reply);
	n->stats.child_runs += n->rules.runs - runs;
	readtime_end(&n->time, begin);
	return r;
}

void namer_tick(struct namer *n)
{
	uint64_t now_ns = clock_mono_ns(n->limits.clock);

	if (now_ns - n->ticked_ns < TICK_NS)
		return;
	n->ticked_ns = now_ns;
	readtime_charge_children(&n->time);
	rulechild_tick(&n->rules, now_ns);
	demanglechild_tick(&n->demangler, now_ns);
}

void namer_shrink(struct namer *n)
{
	struct names *next;

	for (struct names *names = n->oldest; names; names = next) {
		next = names->newer;
		if (!names->is_memory)
			continue;
		close_table(n, names);
		n->stats.evicted_tables++;
	}
	symblocks_clear(n->blocks);
	rulechild_close_all(&n->rules);
	demanglechild_close(&n->demangler);
}

void namer_stats(const struct namer *n, struct image_stats *ret)
{
	struct symcache_stats cache;

	symcache_stats(n->cache, &cache);
	*ret = n->stats;
	ret->read_ns = n->time.spent_ns;
	ret->cache_bytes = cache.bytes;
	ret->cache_files = cache.files;
	ret->cache_evicted = cache.evicted;
	ret->cache_failures = cache.failures;
	ret->memory_bytes = n->memory_bytes;
}
