/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label.h - the name of a process that stays the same from one run to the next.
 *
 * The base name of the executable; for interpreters the script too, so that "python3" is never the
 * answer:
 *
 *	postgres                  exe …/bin/postgres, whatever argv was overwritten with
 *	python3 server.py         python3.11 -u /srv/server.py --port 80
 *	python3 -m http.server    the minor version goes: an upgrade does not make another process of it
 *	java app.jar              java -Xmx1g -jar /opt/app.jar
 *	java com.foo.Main         java -cp a:b com.foo.Main
 *	dash -c pg_dump           sh -c "PGPASSWORD=x pg_dump -Fc db | gzip" where sh is dash
 *	busybox sh backup.sh      exe /bin/busybox, argv sh backup.sh
 *	runc                      exe /memfd:runc_cloned:… has argv[0]: names of memory change from run to run
 *	runc                      exe "/", a mount of that one file which was detached: argv[0], or comm
 *	[kworker]                 kernel threads without their instance (kworker/u8:3-events_unbound)
 *
 * A pure function of what /proc or the kernel's events say; all of it is written by tenants. Labels
 * are raw bytes of at most LABEL_MAX: whoever shows them cleans them.
 */
#ifndef PROC_LABEL_H
#define PROC_LABEL_H

#include "base/compiler.h"

#define LABEL_MAX 128

struct label_input {
	struct str exe;	    /* /proc/PID/exe, with or without " (deleted)"; empty = unknown */
	struct str cmdline; /* arguments separated by NUL; empty = unknown */
	struct str comm;
	bool is_kthread;
};

struct label {
	size_t len;		  /* 1 … LABEL_MAX */
	char text[LABEL_MAX + 1]; /* NUL-terminated */
};

void label_make(const struct label_input *in, struct label *ret);

/* True for the base names of dynamic loaders (ld-linux-x86-64.so.2, ld-musl-aarch64.so.1): never
 * "the program". */
bool label_is_loader(struct str path);

/* The part behind the last '/' without " (deleted)"; borrows. */
struct str label_base_name(struct str path);

#endif
