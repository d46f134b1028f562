/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h - one source that is being read, as load.c and the files beside it know it. Private to
 * user/load/.
 */
#ifndef LOAD_LOADER_H
#define LOAD_LOADER_H

#include "base/compiler.h"
#include "format/folded.h"
#include "format/sniff.h"
#include "load/load.h"

struct builder;

struct loader {
	const char *name; /* of the source, for messages */
	const struct load_opts *opts;
	struct load_report *report;
	struct err *err;
	int fd;
	bool is_whole;	  /* nothing is left to be read from fd */
	struct buf bytes; /* of the file, as many as have been read */
	size_t taken;	  /* of them, by more() */
	uint64_t read_cnt;

	/* where the windows go: a function, or else a builder that is made with the first one */
	load_window_fn fn;
	void *arg;
	struct builder *b;
	enum profile_unit unit;
	bool by_callback; /* the result is the callback's */
	bool told;	  /* err names the source already */
};

size_t loader_max_bytes(const struct loader *l);

/* Something that should be told beside the result; the name of the source is put before it. */
void loader_note(struct loader *l, struct str text);

/* The file's one profile, by its kind, out of l->bytes and, of folded text, what follows in l->fd. */
int must_check loader_read(struct loader *l, enum sniff kind, struct profile **ret);

/* Windowed folded text; `take` gets l and each window, which it owns. */
int must_check loader_read_windowed(struct loader *l, folded_window_fn take);

/* A store: its windows go to l->fn if there is one, else into *ret. */
int must_check loader_read_store(struct loader *l, const char *dir, struct profile **ret);

#endif
