/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - what of the kernel's features works here, for `culprit doctor`.
 *
 * Each is found out by doing it for a moment, never by version number: distributions port features
 * back, sandboxes take them away. Nothing stays attached.
 */
#ifndef COLLECT_PROBE_H
#define COLLECT_PROBE_H

#include "base/compiler.h"
#include "base/err.h"

#define PROBE_MAX 16

struct probe_feature {
	const char *name; /* static: "kernel BTF", "BPF sampling", … */
	bool required;	  /* the agent cannot run without it */
	bool works;
	char reason[sizeof(
		((struct err *)0)
			->text)]; /* works: a detail, or empty; else why not, and what to do */
};

/* Fills features[0..n) and returns n <= PROBE_MAX. Takes less than a second; same privileges as the
 * collector. */
size_t probe_run(struct probe_feature features[PROBE_MAX]);

/* True when every required one works. */
bool probe_ok(const struct probe_feature *features, size_t cnt);

#endif
