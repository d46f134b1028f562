/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame.h - names the process behind a recurring incident, or says why it cannot.
 *
 *	timeline, incidents ─► plan (blocks, reference sets) ─► score (each process) ─► verdict
 *
 * The unit of replication is the incident: windows inside one are averaged. A process is judged by
 * how rarely it is as busy outside the incidents as it was inside, counted in its own history, so
 * that no shape of distribution is assumed. README.md in this folder has every rule with its
 * reason and the measured accuracy.
 *
 * Same input, same answer; the order in which processes were added does not matter. Keeps nothing
 * between calls; any thread.
 */
#ifndef BLAME_BLAME_H
#define BLAME_BLAME_H

#include "base/compiler.h"
#include "base/err.h"
#include "blame/verdict.h"
#include "model/timeline.h"

#define BLAME_MAX_INCIDENTS 1000

struct blame_opts {
	double allowed_error;	       /* of a named culprit, 0..0.5; 0 = 0.05 */
	uint64_t guard_ns;	       /* left out on both sides of each incident; 0 = automatic */
	uint64_t label_uncertainty_ns; /* how far off the incidents' edges may be */
	uint32_t cpus;		       /* of the node; 0 = what the windows say */
	const struct str
		*reacting; /* borrowed; processes whose stacks say that what rose in them is
				       waiting, trying again, logging; reacting_cnt of them */
	size_t reacting_cnt;
	struct str
		explain; /* borrowed; a process to tell all of (verdict.explained); empty: none */
	bool separate; /* nothing is known of the time between incidents: each hit counts by itself */

	/* What causes.h needs: only some of the incidents are judged. */
	const bool *aside; /* borrowed, one for each incident: not judged, neither incident nor
			      baseline; NULL: none */
	double choices; /* sets that those judged were chosen from: evidence and E_false are charged;
			   0 = 1 */
	const struct str
		*causes; /* borrowed, cause_cnt of them: known, so listed first, as culprits,
				     and the verdict is "named" */
	size_t cause_cnt;
};

/*
 * `t` is sealed and borrowed for the call. Incidents in any order; overlapping ones are merged,
 * those for which there is no window are left out (both with a note). `o` NULL: all automatic.
 * *ret: owned, verdict_free(). 0; -EINVAL (no incident, backwards, too many, empty history);
 * -ERANGE (no incident lies in the history); -ENOENT (no process to be explained of that name);
 * -ENOMEM.
 */
int must_check blame_run(const struct timeline *t, const struct blame_incident *inc, size_t cnt,
			 const struct blame_opts *o, struct verdict **ret, struct err *err);

#endif
