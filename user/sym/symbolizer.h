/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolizer.h - the name of a place.
 *
 * Needs neither the process nor its mappings: a place (elf/place.h) in a file is named from the
 * file, so a process that has died long ago still is. What cannot be named is called after where it
 * is, always the same from run to run: "[libfoo.so]", "[kernel]", "[vdso]", "[jit]", "[unknown]";
 * never an address.
 *
 * A return address belongs to the call before it, which may be the last instruction of its
 * function: for every frame but the innermost the caller takes 1 off the address before it asks.
 * Not thread-safe.
 */
#ifndef SYM_SYMBOLIZER_H
#define SYM_SYMBOLIZER_H

#include "base/clock.h"
#include "base/compiler.h"
#include "base/err.h"
#include "elf/place.h"
#include "model/profile.h"
#include "sym/perfmap.h"

struct symbolizer;
struct wire_sample;

struct symbolizer_opts {
	uint32_t max_cache_entries; /* names of places in files that are remembered */
	const char *kallsyms_path;
	struct perfmap_opts perfmap;
};

/* /proc, the system's clock, 65536 entries. */
extern const struct symbolizer_opts symbolizer_opts_default;

struct symbol {
	struct str name; /* demangled; raw bytes otherwise: whoever shows it cleans it */
	struct str
		module; /* base name of the file, "[kernel]", "[nf_tables]", "[vdso]", "[jit]", or "" */
	enum frame_kind kind; /* FRAME_USER, FRAME_KERNEL, FRAME_JIT */
	bool named; /* false: the name only says where it is; LOSS_NO_SYMBOL is the caller's to count */
};

/* Copies opts and the strings in it. Reads nothing yet. */
int must_check symbolizer_new(const struct symbolizer_opts *opts, struct symbolizer **ret,
			      struct err *err);
void symbolizer_free(struct symbolizer *s); /* NULL is fine */

/* Forgets the names that it remembers, and half of the perf maps, and gives their memory back. */
void symbolizer_forget(struct symbolizer *s);

/*
 * Never fails. *ret is borrowed, valid until the next call; its module as long as place->image,
 * too.
 */
void symbolizer_name(struct symbolizer *s, const struct place *place, struct symbol *ret);

/*
 * How many leaf frames of a sample are an interrupt's; see irq_frames(). 0 without kallsyms.
 */
size_t symbolizer_irq_frames(struct symbolizer *s, const struct wire_sample *sample);

struct symbolizer_stats {
	uint64_t cache_hits, cache_misses;
	uint64_t kernel_functions; /* 0: not read yet, or not readable */
	bool kernel_hidden;	   /* kptr_restrict: the kernel hides its addresses from us */
	struct perfmap_stats perfmap;
};

void symbolizer_stats(const struct symbolizer *s, struct symbolizer_stats *ret_stats);

#endif
