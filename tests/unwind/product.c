// SPDX-License-Identifier: Apache-2.0
#include "tests/unwind/product.h"

#include <stdlib.h>

#include "elf/image.h"
#include "proc/mappings.h"
#include "proc/registry.h"

#define RULE_BYTES ((size_t)64 << 20)

struct product {
	struct image_cache *images;
	struct registry *registry;
	struct unwinder *unwinder;
};

struct product *product_new(void)
{
	struct unwind_target target = {.arena_bytes = RULE_BYTES, .max_spaces = 20000};
	struct registry_opts opts = {
		.max_processes = 20000,
		.max_mappings = 8192,
		.max_all_mappings = 2000000,
	};
	struct product *p = calloc(1, sizeof(*p));

	if (!p || image_cache_new(&image_limits_default, &p->images))
		abort();
	opts.images = p->images;
	if (registry_new(&opts, &p->registry) || unwinder_new(&target, &p->unwinder))
		abort();
	return p;
}

void product_free(struct product *p)
{
	unwinder_free(p->unwinder);
	registry_free(p->registry);
	image_cache_free(p->images);
	free(p);
}

void product_take(struct product *p, const struct wire_header *rec)
{
	const struct wire_task *task = (const struct wire_task *)rec;

	if (rec->type == WIRE_EXIT && task->pid == task->tid)
		unwinder_forget(p->unwinder, task->pid);
	if (registry_take(p->registry, rec))
		abort();
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

void product_sample(struct product *p, const struct wire_sample *s, struct unwind_stack *ret)
{
	const struct process *process = registry_sample(p->registry, s);
	const struct mappings *maps;
	struct unwind_process up;

	if (!process)
		abort();
	maps = process_mappings(process);
	up = (struct unwind_process){
		.pid = process_pid(process),
		.is_alive = process_is_alive(process),
		.maps = {.version = mappings_version(maps),
			 .cnt = mappings_cnt(maps),
			 .get = get_range,
			 .arg = maps},
	};
	unwinder_sample(p->unwinder, &up, s, ret);
}
