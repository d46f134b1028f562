// SPDX-License-Identifier: Apache-2.0
#include "agent/replay.h"

#include <stdlib.h>
#include <string.h>

#include "agent/pipeline.h"
#include "base/clock.h"

/*
 * The wall clock of one boot wanders against the monotonic one: by this much at most, if nobody
 * sets it.
 */
#define SAME_BOOT_NS ((int64_t)(60 * NSEC_PER_SEC))

struct replay {
	struct replay_opts opts;
	struct raw_info info;
	struct pipeline *pipeline;
	struct profile *profile;
	struct err *err;
	uint64_t last_ns;
};

static int take_profile(void *arg, struct profile *window)
{
	struct replay *replay = arg;

	profile_free(replay->profile);
	replay->profile = window;
	return 0;
}

static int take_info(void *arg, const struct raw_info *info)
{
	struct replay *replay = arg;

	replay->info = *info;
	return 0;
}

static bool same_boot(const struct raw_info *info)
{
	int64_t here = clock_wall_ns(&clock_system) - (int64_t)clock_mono_ns(&clock_system);
	int64_t apart = here - info->wall_at_mono0_ns;

	return apart < SAME_BOOT_NS && apart > -SAME_BOOT_NS;
}

/* The pipeline starts with the first record: that is when watching began. */
static int start(struct replay *replay, uint64_t mono_ns)
{
	struct pipeline_opts opts = {
		.agg = {.moments = true,
			.cpus = replay->info.cpus,
			.hz = replay->info.hz,
			.mono_ns = mono_ns,
			.wall_offset_ns = replay->info.wall_at_mono0_ns},
		.kallsyms = same_boot(&replay->info) ? "/proc/kallsyms" : NULL,
		.max_processes = PIPELINE_MAX_PROCESSES,
		.inlines = replay->opts.inlines,
		.sandbox = replay->opts.sandbox,
	};

	return pipeline_new(&opts, take_profile, replay, &replay->pipeline, replay->err);
}

static int take_record(void *arg, const struct wire_header *rec)
{
	struct replay *replay = arg;
	int r = 0;

	if (!replay->pipeline)
		r = start(replay, rec->time_ns);
	if (rec->time_ns > replay->last_ns)
		replay->last_ns = rec->time_ns;
	return r ? r : pipeline_take(replay->pipeline, rec);
}

int replay_raw(const char *path, const struct replay_opts *opts, struct profile **ret_profile,
	       struct raw_report *report, struct err *err)
{
	struct replay replay = {.err = err};
	int r;

	if (opts)
		replay.opts = *opts;
	r = raw_read(path, take_info, take_record, &replay, report, err);
	if (!r && !replay.pipeline)
		r = start(&replay, 0);
	if (!r) {
		r = pipeline_finish(replay.pipeline, replay.last_ns + 1);
		if (r)
			err_set(err, r, "%s: %s", path, strerror(-r));
	}
	pipeline_free(replay.pipeline);
	if (r) {
		profile_free(replay.profile);
		return r;
	}
	*ret_profile = replay.profile;
	return 0;
}
