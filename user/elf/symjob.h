/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symjob.h - what a child does to name the functions of a stranger's file (JOB_SYMBOLS).
 *
 * Two kinds of request. SYMJOB_READ reads an ELF file, and the debug files that may belong to it,
 * and writes a symbol file; the answer is empty. SYMJOB_DEMANGLE turns one raw name into a readable
 * one. Sources, in the order of trust: .symtab of the file, of its debug file, of .gnu_debugdata;
 * .dynsym; Go's function table; PLT stubs.
 */
#ifndef ELF_SYMJOB_H
#define ELF_SYMJOB_H

#include "base/buf.h"
#include "base/compiler.h"

enum symjob_kind {
	SYMJOB_READ,
	SYMJOB_DEMANGLE,
};

/* The bytes of a request to read, as they are in memory. */
struct symjob_read {
	uint32_t kind; /* SYMJOB_READ */
	uint32_t max_symbols;
	uint32_t max_eager;   /* see symwrite() */
	uint64_t debug_tried; /* see struct symfile_info */
};

/* A request to demangle: these bytes, then the name. The answer is the readable name. */
struct symjob_demangle {
	uint32_t kind; /* SYMJOB_DEMANGLE */
};

enum symjob_fd {
	SYMJOB_IMAGE = 0, /* the file, for reading */
	SYMJOB_OUT = 1,	  /* empty, for reading and writing */
	SYMJOB_DEBUG = 2, /* what may be debug files: none, one or two */
	SYMJOB_MAX_FDS = 4,
};

/*
 * A sandbox_fn (base/sandbox.h). 0; -EINVAL for a request that makes no sense; -ENOSPC, … of the
 * writing; -EFBIG when the file has more functions than allowed; -ENOMEM. A file that is no ELF
 * file, or damaged, is one without functions.
 */
int symjob_run(const int *fds, size_t fd_cnt, struct str request, struct buf *reply, void **state);

#endif
