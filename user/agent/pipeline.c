// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "elf/image.h"
#include "proc/registry.h"
#include "sym/symbolizer.h"

#define MAX_MAPPINGS 65536 /* of one process; as many as the kernel allows (vm.max_map_count) */

struct pipeline {
	struct image_cache *images;
	struct registry *registry;
	struct symbolizer *symbolizer;
	struct agg *agg;
	record_fn journal;
	void *journal_arg;
	bool no_kernel_frames;
	uint64_t samples;
	uint64_t registry_lost[LOSS_CNT]; /* as far as it has been passed on */
	/*
	 * names are valid until the next symbolizer_name() only: they are copied here, stack by
	 * stack
	 */
	struct agg_frame frames[WIRE_MAX_KERNEL_FRAMES + WIRE_MAX_USER_FRAMES];
	struct buf names;
};

#define MAX_NAMES_BYTES ((size_t)4 << 20) /* of one stack */

int pipeline_new(const struct pipeline_opts *opts, agg_sink_fn sink, void *sink_arg,
		 struct pipeline **ret_pipeline, struct err *err)
{
	struct symbolizer_opts sym = symbolizer_opts_default;
	struct registry_opts reg = {
		.max_processes = opts->max_processes,
		.max_mappings = MAX_MAPPINGS,
		.proc_root = opts->proc_root,
		.on_snapshot = opts->journal,
		.arg = opts->journal_arg,
	};
	struct pipeline *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(err, ENOMEM, "out of memory");
	p->journal = opts->journal;
	p->journal_arg = opts->journal_arg;
	p->no_kernel_frames = opts->no_kernel_frames;
	buf_init(&p->names, MAX_NAMES_BYTES);
	r = image_cache_new(&image_limits_default, &p->images);
	if (!r) {
		reg.images = p->images;
		r = registry_new(&reg, &p->registry);
	}
	if (r) {
		err_set(err, r, "cannot set up the process registry: %s", strerror(-r));
		goto fail;
	}
	/* old records: an empty list of kernel functions, and no process to ask */
	sym.kallsyms_path = opts->kallsyms ? opts->kallsyms : "/dev/null";
	sym.perfmap.proc_path = opts->proc_root ? opts->proc_root : "/dev/null";
	r = symbolizer_new(&sym, &p->symbolizer, err);
	if (r)
		goto fail;
	r = agg_new(&opts->agg, sink, sink_arg, &p->agg);
	if (r) {
		err_set(err, r, "out of memory");
		goto fail;
	}
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
	symbolizer_free(p->symbolizer);
	registry_free(p->registry);
	image_cache_free(p->images);
	buf_release(&p->names);
	free(p);
}

/* Where in p->names a frame's strings are, while the buffer may still move. */
struct pending {
	size_t name_at, name_len, module_at, module_len;
	enum frame_kind kind;
};

static void name_frame(struct pipeline *p, const struct place *place, struct pending *out)
{
	struct symbol symbol;

	symbolizer_name(p->symbolizer, place, &symbol);
	if (place->kind == PLACE_NONE)
		agg_lost(p->agg, LOSS_NO_MAPPING, 1);
	else if (!symbol.named)
		agg_lost(p->agg, LOSS_NO_SYMBOL, 1);
	out->kind = symbol.kind;
	out->name_at = p->names.len;
	out->name_len = symbol.name.len;
	buf_add(&p->names, symbol.name.p, symbol.name.len);
	out->module_at = p->names.len;
	out->module_len = symbol.module.len;
	buf_add(&p->names, symbol.module.p, symbol.module.len);
}

/*
 * Names all frames of a sample into p->frames, root first; returns how many. The record has them
 * leaf first: kernel, then user. Every address but the one that was executing is a return address:
 * the call is the instruction before it, which may belong to another function (a call that never
 * returns).
 */
static size_t name_stack(struct pipeline *p, const struct process *process,
			 const struct wire_sample *s)
{
	struct pending pending[ARRAY_SIZE(p->frames)];
	size_t cnt = 0;

	buf_clear(&p->names);
	for (size_t i = (size_t)s->kernel_cnt + s->user_cnt; i-- > 0;) {
		bool kernel = i < s->kernel_cnt, leaf = i == 0 || i == s->kernel_cnt;
		uint64_t addr = s->pcs[i] - (leaf ? 0 : 1);
		struct place place;

		if (kernel && p->no_kernel_frames)
			continue;
		if (kernel)
			place = (struct place){.kind = PLACE_KERNEL, .offset = addr};
		else
			process_place(process, addr, &place);
		name_frame(p, &place, &pending[cnt++]);
	}
	if (buf_error(&p->names))
		return 0;
	for (size_t i = 0; i < cnt; i++) {
		const struct pending *f = &pending[i];

		p->frames[i] = (struct agg_frame){
			.name = {p->names.data + f->name_at, f->name_len},
			.module = {p->names.data + f->module_at, f->module_len},
			.kind = f->kind,
		};
	}
	return cnt;
}

static int take_sample(struct pipeline *p, const struct wire_sample *s)
{
	struct process *process = registry_sample(p->registry, s);
	struct agg_sample sample;
	int r;

	if (!process)
		return -ENOMEM;
	r = p->journal ? p->journal(p->journal_arg, &s->h) : 0;
	if (r)
		return r;
	p->samples++;
	sample = (struct agg_sample){
		.mono_ns = s->h.time_ns,
		.weight_ns = s->weight_ns,
		.process = process_label(process),
		.cgroup = process_cgroup(process),
		.frames = p->frames,
		.frame_cnt = name_stack(p, process, s),
	};
	return agg_sample(p->agg, &sample);
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
	return registry_take(p->registry, rec);
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
	pass_losses_on(p);
	return agg_advance(p->agg, mono_ns, wall_offset_ns);
}

int pipeline_finish(struct pipeline *p, uint64_t mono_ns)
{
	pass_losses_on(p);
	return agg_finish(p->agg, mono_ns);
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
}
