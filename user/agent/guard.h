/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - the boot-loop guard: a machine that the agent has taken down once must not be taken
 * down again each time it boots.
 *
 *	guard_begin()      reads what an earlier agent left, decides what stays off
 *	guard_attaching()  "attaching", synced, before anything touches the kernel
 *	guard_healthy()    GUARD_HEALTHY_NS later, and at each clean end: all is well
 *
 * The file DIR/attaching says who was attaching what, and in which boot. An earlier boot's means
 * that the machine went down while it was attaching, or within the time after (it cannot be told
 * from a loss of power just then, which is rare enough): one feature of those that were on comes up
 * off from then on, the most suspicious first; when it is sampling itself, the agent refuses. The
 * file then stays, as memory. This boot's means that the agent was killed: nothing follows.
 *
 * Back to normal: --retry-attach, or delete the file.
 */
#ifndef AGENT_GUARD_H
#define AGENT_GUARD_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define GUARD_FILE	 "attaching"
#define GUARD_HEALTHY_NS (30 * NSEC_PER_SEC)
#define GUARD_BOOT_MAX	 64

/* A set. The names in the file are stable; what is not known there is ignored. */
enum guard_feature {
	GUARD_SAMPLING = 1 << 0, /* without it there is no agent */
	GUARD_KERNEL_STACKS = 1 << 1,
	GUARD_UNWIND_RULES = 1 << 2, /* without them user stacks are walked by frame pointer */
};

struct guard_note {
	char boot[GUARD_BOOT_MAX]; /* of the machine, when it was written */
	bool attaching;		   /* and not yet known to be well */
	unsigned int on;	   /* enum guard_feature: what was being attached */
	unsigned int off;	   /* what had been switched off before */
};

struct guard_verdict {
	unsigned int off;    /* features that must stay off; with GUARD_SAMPLING: all of it */
	unsigned int blamed; /* the one that is new among them; 0: none */
};

/* The policy, a pure function. `found` may be NULL: nothing was left. */
struct guard_verdict guard_decide(const struct guard_note *found, const char *boot_now);

void guard_format(const struct guard_note *note, struct buf *b);
int must_check guard_parse(struct str text, struct guard_note *ret); /* 0; -EINVAL: not ours */

/* "kernel stacks, sampling" for people; appends. */
void guard_add_names(struct buf *b, unsigned int features);

struct guard {
	char *path; /* private, as is the rest; read verdict */
	char *dir;
	struct guard_note note;
	struct guard_verdict verdict;
	bool no_boot; /* this kernel has no boot id: nothing can be concluded */
};

/*
 * `retry` forgets what an earlier agent left. 0; -EPERM with a line in err that says what to do
 * when sampling itself stays off; what reading the file says. Anything else that does not work is
 * logged and guards nothing.
 */
int must_check guard_begin(struct guard *g, const char *dir, unsigned int wanted, bool retry,
			   struct err *err);
void guard_attaching(struct guard *g);
void guard_healthy(struct guard *g);
void guard_release(struct guard *g);

/* What DIR/attaching says and what follows from it for a start now. 0; -ENOENT: nothing is left
 * there; -EINVAL, -errno. For `culprit doctor`. */
int must_check guard_look(const char *dir, struct guard_note *ret_note,
			  struct guard_verdict *ret_verdict, struct err *err);

#endif
