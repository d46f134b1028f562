/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_jail.h - takes a process its rights. Private to base/sandbox*.c.
 *
 * The filter (seccomp-bpf) is put together once and loaded by each child. Its default is to kill
 * the process: a parser that asks for anything else than memory, its own descriptors and the time
 * has been broken into.
 */
#ifndef BASE_SANDBOX_JAIL_H
#define BASE_SANDBOX_JAIL_H

#include "base/compiler.h"
#include "base/sandbox.h"

/*
 * Of a sanitized build the memory cannot be limited, since its shadow is counted, and its run-time
 * makes calls of its own: neither limit nor filter there. See base/sandbox.h.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

struct sandbox_jail {
	void *filter; /* struct sock_filter; owned; NULL: none */
	size_t filter_cnt;
	uint64_t start_bytes;	   /* address space, as a fork of this process begins */
	uint64_t start_data_bytes; /* of it writable */
	bool as_nobody;		   /* children change to uid and gid 65534 */
};

/*
 * For the zygote: looks at itself and puts the filter together. 0 or -ENOMEM; without a filter when
 * libseccomp fails. Release frees the filter.
 */
int must_check sandbox_jail_init(struct sandbox_jail *jail);
void sandbox_jail_release(struct sandbox_jail *jail);

/* The zygote gives up what it needs no more: all capabilities but those of changing the user. */
int must_check sandbox_jail_zygote(const struct sandbox_jail *jail);

/* Ends this process when its parent ends; -ESRCH when that, `parent`, has ended already. */
int must_check sandbox_jail_tie(int parent);

/* For a child of the zygote `parent`: confined for good when it returns 0. -errno: it must end. */
int must_check sandbox_jail_enter(const struct sandbox_jail *jail, int parent, const int *fds,
				  size_t fd_cnt, const struct sandbox_limits *limits);

/* Loads the filter. 0 or -errno. */
int must_check sandbox_jail_load(const struct sandbox_jail *jail);

/* Closes all descriptors from `first` on. */
void sandbox_jail_close_from(int first);

#endif
