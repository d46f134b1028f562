// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "agent/budget.h"
#include "agent/stacks.h"
#include "base/text.h"
#include "elf/image.h"
#include "meta/cgroup.h"
#include "model/builder.h"
#include "proc/mappings.h"
#include "proc/registry.h"
#include "sym/inlines.h"
#include "sym/irqentry.h"
#include "sym/symbolizer.h"

#define MAX_MAPPINGS	 65536 /* of one process; as many as the kernel allows (vm.max_map_count) */
#define MAX_ALL_MAPPINGS (1 << 19) /* 25 MB of them; 5,000 processes have half as many */

struct pipeline {
	struct image_cache *images;
	struct registry *registry;
	struct unwinder *unwinder;
	struct symbolizer *symbolizer;
	struct inlines *inlines; /* or NULL */
	struct agg *agg;
	record_fn journal;
	void *journal_arg;
	struct stacks stacks;
	uint64_t samples;
	uint64_t continued_seen;	  /* walks that were ended here, as far as was asked */
	uint64_t registry_lost[LOSS_CNT]; /* as far as it has been passed on */
	struct cgroup_place place;	  /* of the last control group that was described */
};

static int new_unwinder(struct pipeline *p, const struct unwind_target *target)
{
	struct unwind_target own = *target;

	if (!own.arena) {
		own.arena_bytes = PIPELINE_REPLAY_UNWIND;
		own.max_spaces = PIPELINE_MAX_PROCESSES;
	}
	return unwinder_new(&own, &p->unwinder);
}

/* See agg_describe_fn: where a control group's processes run. */
static size_t describe_place(void *pipeline, struct str cgroup, struct str labels[][2])
{
	struct cgroup_place *place = &((struct pipeline *)pipeline)->place;
	size_t cnt = 0;

	cgroup_place(cgroup, place);
	if (place->container.len) {
		labels[cnt][0] = STR_LIT(LABEL_CONTAINER_ID);
		labels[cnt++][1] = place->container;
	}
	if (place->pod_uid[0]) {
		labels[cnt][0] = STR_LIT(LABEL_POD_UID);
		labels[cnt++][1] = str_of(place->pod_uid);
	}
	if (place->unit.len) {
		labels[cnt][0] = STR_LIT(LABEL_UNIT);
		labels[cnt++][1] = place->unit;
	}
	return cnt;
}

static int new_inlines(struct pipeline *p, struct sandbox *sandbox)
{
	struct inlines_opts opts = inlines_opts_default;

	opts.sandbox = sandbox;
	return inlines_new(&opts, &p->inlines);
}

static void keep_to_budget(const struct budget *b, struct registry_opts *reg,
			   struct symbolizer_opts *sym, struct image_limits *images,
			   struct agg_opts *agg)
{
	reg->max_processes = b->max_processes;
	reg->max_all_mappings = b->max_mappings;
	sym->max_cache_entries = b->max_names;
	sym->perfmap.max_bytes = b->jit_bytes;
	images->max_memory_bytes = b->symbol_bytes;
	agg->limits = &b->window;
}

int pipeline_new(const struct pipeline_opts *opts, agg_sink_fn sink, void *sink_arg,
		 struct pipeline **ret_pipeline, struct err *err)
{
	struct symbolizer_opts sym = symbolizer_opts_default;
	struct image_limits images = image_limits_default;
	struct agg_opts agg = opts->agg;
	struct registry_opts reg = {
		.max_processes = opts->max_processes,
		.max_mappings = MAX_MAPPINGS,
		.max_all_mappings = MAX_ALL_MAPPINGS,
		.proc_root = opts->proc_root,
		.on_snapshot = opts->journal,
		.arg = opts->journal_arg,
	};
	struct pipeline *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(err, ENOMEM, "out of memory");
	agg.describe = describe_place;
	agg.describe_arg = p;
	p->journal = opts->journal;
	p->journal_arg = opts->journal_arg;
	if (opts->budget)
		keep_to_budget(opts->budget, &reg, &sym, &images, &agg);
	images.sandbox = opts->sandbox;
	images.cache_dir = opts->cache_dir;
	r = image_cache_new(&images, &p->images);
	if (!r) {
		reg.images = p->images;
		r = registry_new(&reg, &p->registry);
	}
	if (r) {
		err_set(err, r, "cannot set up the process registry: %s", strerror(-r));
		goto fail;
	}
	r = new_unwinder(p, &opts->unwind);
	if (r) {
		err_set(err, r, "cannot set up the unwinder: %s", strerror(-r));
		goto fail;
	}
	/* old records: an empty list of kernel functions, and no process to ask */
	sym.kallsyms_path = opts->kallsyms ? opts->kallsyms : "/dev/null";
	sym.perfmap.proc_path = opts->proc_root ? opts->proc_root : "/dev/null";
	sym.perfmap.sandbox = opts->sandbox;
	r = symbolizer_new(&sym, &p->symbolizer, err);
	if (r)
		goto fail;
	r = opts->inlines ? new_inlines(p, opts->sandbox) : 0;
	if (!r)
		r = agg_new(&agg, sink, sink_arg, &p->agg);
	if (r) {
		err_set(err, r, "out of memory");
		goto fail;
	}
	stacks_init(&p->stacks, p->agg, p->symbolizer, p->inlines, opts->no_kernel_frames);
	*ret_pipeline = p;
	return 0;
fail:
	pipeline_free(p);
	return r;
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	agg_free(p->agg);
	inlines_free(p->inlines);
	symbolizer_free(p->symbolizer);
	unwinder_free(p->unwinder);
	registry_free(p->registry);
	image_cache_free(p->images);
	stacks_forget(&p->stacks);
	free(p);
}

static void get_range(const void *maps, size_t i, struct unwind_range *ret)
{
	const struct mapping *it = mappings_get(maps, i);

	*ret = (struct unwind_range){
		.start = it->start,
		.end = it->end,
		.pgoff = it->pgoff,
		.image = it->kind == PLACE_FILE ? it->image : NULL,
	};
}

/* The user stack as far as it can be had, and how it ends. */
static void unwind_stack(struct pipeline *p, const struct process *process,
			 const struct wire_sample *s, struct unwind_stack *ret)
{
	static const enum loss reasons[UNWIND_END_CNT] = {
		[UNWIND_END_TRUNCATED] = LOSS_USER_TRUNCATED,
		[UNWIND_END_BROKEN] = LOSS_USER_BROKEN,
		[UNWIND_END_NO_RULE] = LOSS_BROKEN_NO_RULE,
		[UNWIND_END_JIT] = LOSS_BROKEN_JIT,
		[UNWIND_END_UNKNOWN] = LOSS_BROKEN_UNKNOWN,
		[UNWIND_END_UNFINISHED] = LOSS_UNFINISHED,
	};
	const struct mappings *maps = process_mappings(process);
	struct unwind_process up = {
		.pid = process_pid(process),
		.is_alive = process_is_alive(process),
		.maps = {.version = mappings_version(maps),
			 .cnt = mappings_cnt(maps),
			 .get = get_range,
			 .arg = maps},
	};

	unwinder_sample(p->unwinder, &up, s, ret);
	if (reasons[ret->end])
		agg_lost(p->agg, reasons[ret->end], 1);
	if (ret->has_fp)
		agg_lost(p->agg, LOSS_BY_FP, 1);
}

static int take_sample(struct pipeline *p, const struct wire_sample *s)
{
	struct process *process = registry_sample(p->registry, s);
	struct unwind_stack user = {0};
	struct agg_sample sample;
	size_t kernel_cnt;
	int r;

	if (!process)
		return -ENOMEM;
	r = p->journal ? p->journal(p->journal_arg, &s->h) : 0;
	if (r)
		return r;
	p->samples++;
	r = agg_open(p->agg, s->h.time_ns);
	if (r)
		return r;
	sample = (struct agg_sample){
		.mono_ns = s->h.time_ns,
		.weight_ns = s->weight_ns,
		.process = process_label(process),
		.cgroup = process_cgroup(process),
	};
	kernel_cnt = symbolizer_irq_frames(p->symbolizer, s);
	if (kernel_cnt) { /* not the work of whom it interrupted */
		sample.process = STR_LIT(IRQ_PROCESS);
		sample.cgroup = (struct str){NULL, 0};
	} else {
		kernel_cnt = s->kernel_cnt;
		unwind_stack(p, process, s, &user);
	}
	r = stacks_name(&p->stacks, process, s, kernel_cnt, &user, &sample.node);
	if (r == -ENOSPC) {
		agg_lost(p->agg, LOSS_STACKS_FULL, 1);
		return 0;
	}
	return r ? r : agg_sample(p->agg, &sample);
}

static void forget_space(struct pipeline *p, const struct wire_task *task)
{
	if (!registry_is_alive(p->registry, task->pid))
		unwinder_forget(p->unwinder, task->pid);
}

static void take_pressure(struct pipeline *p, const struct wire_pressure *rec)
{
	uint64_t stalled_ns[PRESSURE_CNT];

	_Static_assert((int)WIRE_PRESSURES == (int)PRESSURE_CNT, "one for each resource");
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		stalled_ns[i] = rec->stalled_ns[i];
	agg_pressure(p->agg, rec->h.time_ns, stalled_ns, rec->known);
}

int pipeline_take(void *pipeline, const struct wire_header *rec)
{
	struct pipeline *p = pipeline;
	const struct wire_loss *loss;
	int r;

	if (rec->type == WIRE_SAMPLE)
		return take_sample(p, (const struct wire_sample *)rec);
	r = p->journal ? p->journal(p->journal_arg, rec) : 0;
	if (r)
		return r;
	if (rec->type == WIRE_LOSS) {
		loss = (const struct wire_loss *)rec;
		if (loss_name(loss->reason))
			agg_lost(p->agg, loss->reason, loss->cnt);
		return 0;
	}
	if (rec->type == WIRE_PRESSURE) {
		take_pressure(p, (const struct wire_pressure *)rec);
		return 0;
	}
	r = registry_take(p->registry, rec);
	if (!r && rec->type == WIRE_EXIT)
		forget_space(p, (const struct wire_task *)rec);
	return r;
}

/* What the registry gave up since the last time belongs to the window that is open. */
static void pass_losses_on(struct pipeline *p)
{
	uint64_t lost[LOSS_CNT] = {0};

	registry_lost(p->registry, lost);
	for (unsigned int i = 0; i < LOSS_CNT; i++)
		if (lost[i] > p->registry_lost[i])
			agg_lost(p->agg, i, lost[i] - p->registry_lost[i]);
	memcpy(p->registry_lost, lost, sizeof(lost));
}

int pipeline_advance(struct pipeline *p, uint64_t mono_ns, int64_t wall_offset_ns)
{
	image_cache_expire(p->images);
	unwinder_tick(p->unwinder, mono_ns);
	pass_losses_on(p);
	return agg_advance(p->agg, mono_ns, wall_offset_ns);
}

bool pipeline_is_learning(struct pipeline *p)
{
	struct unwinder_stats stats;
	bool is_learning;

	unwinder_stats(p->unwinder, &stats);
	is_learning = stats.continued != p->continued_seen;
	p->continued_seen = stats.continued;
	return is_learning;
}

int pipeline_finish(struct pipeline *p, uint64_t mono_ns)
{
	pass_losses_on(p);
	return agg_finish(p->agg, mono_ns);
}

void pipeline_shrink(struct pipeline *p)
{
	symbolizer_forget(p->symbolizer);
	image_cache_shrink(p->images);
	stacks_forget(&p->stacks);
}

void pipeline_set_cpus(struct pipeline *p, uint32_t cpus)
{
	agg_set_cpus(p->agg, cpus);
}

void pipeline_stats(const struct pipeline *p, struct pipeline_stats *ret_stats)
{
	*ret_stats = (struct pipeline_stats){
		.processes = registry_cnt(p->registry),
		.samples = p->samples,
	};
	unwinder_stats(p->unwinder, &ret_stats->unwind);
}
