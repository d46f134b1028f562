// SPDX-License-Identifier: Apache-2.0
#include "agent/jobs.h"

#include "elf/jobs.h"
#include "elf/lines.h"
#include "elf/rulejob.h"
#include "elf/symjob.h"
#include "sym/jitparse.h"

const struct sandbox_job agent_jobs[AGENT_JOB_CNT] = {
	[JOB_SYMBOLS] = {"symbols", symjob_run},
	[JOB_RULES] = {"unwind rules", rulejob_run},
	[JOB_LINES] = {"lines", lines_job},
	[JOB_PERFMAP] = {"perf map", jitparse_job},
};
