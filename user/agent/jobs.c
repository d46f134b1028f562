// SPDX-License-Identifier: Apache-2.0
#include "agent/jobs.h"

#include "elf/jobs.h"
#include "sym/jitparse.h"

const struct sandbox_job agent_jobs[AGENT_JOB_CNT] = {
	[JOB_PERFMAP] = {"perf map", jitparse_job},
};
