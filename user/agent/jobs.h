/* SPDX-License-Identifier: Apache-2.0 */
/* jobs.h - the parsers that the sandbox of this program can run, by their numbers in elf/jobs.h. */
#ifndef AGENT_JOBS_H
#define AGENT_JOBS_H

#include "base/sandbox.h"

#define AGENT_JOB_CNT 4

extern const struct sandbox_job agent_jobs[AGENT_JOB_CNT];

#endif
