/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - a raw file through the same pipeline as the live records: no root, no kernel needed.
 *
 * Names come from the files that the mappings name, as far as they are still the same files (device
 * and inode). Kernel addresses mean something only in the boot that recorded them: they are named
 * when this machine's clocks say that it is the same boot, else they are "[kernel]".
 */
#ifndef AGENT_REPLAY_H
#define AGENT_REPLAY_H

#include "base/err.h"
#include "format/raw.h"
#include "model/profile.h"

struct sandbox;

struct replay_opts {
	struct sandbox *sandbox; /* borrowed; who parses files (agent/jobs.h). NULL: this process */
	bool inlines;		 /* lines of source, and inlined functions become frames */
};

/*
 * The whole file as one owned profile, with moments. `opts` may be NULL; `report` too: what was
 * damaged. 0 or -errno with a line in err.
 */
int must_check replay_raw(const char *path, const struct replay_opts *opts,
			  struct profile **ret_profile, struct raw_report *report, struct err *err);

#endif
