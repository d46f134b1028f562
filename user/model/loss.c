// SPDX-License-Identifier: Apache-2.0
#include "model/loss.h"

#include "base/sum.h"

static const struct {
	const char *name;
	const char *help;
	enum loss_class class;
} reasons[LOSS_CNT] = {
	[LOSS_RING_FULL] = {"ring_full", "samples dropped because the ring buffer was full",
			    LOSS_CLASS_SAMPLE},
	[LOSS_SCRATCH_BUSY] = {"scratch_busy",
			       "samples dropped because another one was being taken on that CPU",
			       LOSS_CLASS_SAMPLE},
	[LOSS_BAD_RECORD] = {"bad_record", "records dropped because their lengths do not add up",
			     LOSS_CLASS_SAMPLE},
	[LOSS_STACKS_FULL] = {"stacks_full",
			      "samples dropped because the window held too many stacks",
			      LOSS_CLASS_SAMPLE},
	[LOSS_SERIES_FULL] = {"series_full",
			      "samples dropped because the window held too many processes",
			      LOSS_CLASS_SAMPLE},
	[LOSS_STORE_WRITE] = {"store_write", "samples of windows that the store could not write",
			      LOSS_CLASS_SAMPLE},
	[LOSS_IMPORT] = {"import", "samples that the imported file says were lost",
			 LOSS_CLASS_SAMPLE},
	[LOSS_LATE] = {"late", "samples that came after their window was sealed",
		       LOSS_CLASS_SAMPLE},
	[LOSS_USER_TRUNCATED] = {"user_truncated",
				 "user stacks deeper than is kept, cut at the root end",
				 LOSS_CLASS_DETAIL},
	[LOSS_USER_BROKEN] = {"user_broken",
			      "user stacks that end at a frame whose unwind rule led nowhere",
			      LOSS_CLASS_DETAIL},
	[LOSS_BROKEN_NO_RULE] = {"broken_no_rule",
				 "user stacks that end in a file's code without unwind rules",
				 LOSS_CLASS_DETAIL},
	[LOSS_BROKEN_JIT] = {"broken_jit", "user stacks that end in code without a file",
			     LOSS_CLASS_DETAIL},
	[LOSS_BROKEN_UNKNOWN] = {"broken_unknown",
				 "user stacks that end at an address in no known mapping",
				 LOSS_CLASS_DETAIL},
	[LOSS_UNFINISHED] = {"unfinished",
			     "user stacks that end where unwind rules were not loaded yet",
			     LOSS_CLASS_DETAIL},
	[LOSS_BY_FP] = {"by_frame_pointer",
			"user stacks with frames found by frame pointer for want of a rule",
			LOSS_CLASS_DETAIL},
	[LOSS_IN_EXEC] = {"in_exec",
			  "samples in the middle of an execve, where there is no user stack",
			  LOSS_CLASS_DETAIL},
	[LOSS_KERNEL_FAILED] = {"kernel_failed", "samples without their kernel stack",
				LOSS_CLASS_DETAIL},
	[LOSS_NO_PROCESS] = {"no_process",
			     "samples of processes of which only the thread's name is known",
			     LOSS_CLASS_DETAIL},
	[LOSS_NO_MAPPING] = {"no_mapping", "frames at addresses in no known mapping",
			     LOSS_CLASS_DETAIL},
	[LOSS_NO_SYMBOL] = {"no_symbol", "frames whose file has no name for them",
			    LOSS_CLASS_DETAIL},
	[LOSS_NO_FILE] = {"no_file", "mapped files that could not be opened or read",
			  LOSS_CLASS_DETAIL},
	[LOSS_EVENTS] = {"events", "process and mapping events that the kernel dropped",
			 LOSS_CLASS_OTHER},
	[LOSS_PROCESSES_FULL] = {"processes_full",
				 "processes forgotten because the registry was full",
				 LOSS_CLASS_OTHER},
	[LOSS_MAPPINGS_FULL] = {"mappings_full", "mappings not kept because a process has too many",
				LOSS_CLASS_OTHER},
	[LOSS_BLOCK_DAMAGED] = {"block_damaged", "blocks of the store that could not be read",
				LOSS_CLASS_OTHER},
	[LOSS_LINES_REJECTED] = {"lines_rejected", "input lines that are not folded stacks",
				 LOSS_CLASS_OTHER},
};

const char *loss_name(unsigned int reason)
{
	return reason < LOSS_CNT ? reasons[reason].name : NULL;
}

const char *loss_help(unsigned int reason)
{
	return reason < LOSS_CNT ? reasons[reason].help : NULL;
}

enum loss_class loss_class(unsigned int reason)
{
	return reason < LOSS_CNT ? reasons[reason].class : LOSS_CLASS_NONE;
}

uint64_t loss_samples(const uint64_t *lost)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (reasons[i].class == LOSS_CLASS_SAMPLE)
			sum_add(&sum, lost[i]);
	return sum;
}

uint64_t loss_partial_stacks(const uint64_t *lost)
{
	static const enum loss partial[] = {LOSS_USER_TRUNCATED, LOSS_USER_BROKEN,
					    LOSS_BROKEN_NO_RULE, LOSS_BROKEN_JIT,
					    LOSS_BROKEN_UNKNOWN, LOSS_UNFINISHED};
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(partial); i++)
		sum_add(&sum, lost[partial[i]]);
	return sum;
}
