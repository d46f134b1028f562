// SPDX-License-Identifier: Apache-2.0
/*
 * first_stack FILE NAME - of each process NAME in a raw file: how long after its execve was the
 * first sample of it, and how long the first whose user stack is whole? One process a line:
 * PID SAMPLE_US WHOLE_US, "-" where there is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf/image.h"
#include "format/raw.h"
#include "proc/mappings.h"
#include "proc/registry.h"
#include "unwind/unwinder.h"

#define MAX_STARTS 4096

struct start {
	uint32_t pid;
	uint64_t exec_ns, sample_ns, whole_ns;
};

static struct {
	const char *name;
	struct image_cache *images;
	struct registry *registry;
	struct unwinder *unwinder;
	struct start starts[MAX_STARTS];
	size_t cnt;
} all;

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

static bool is_whole(const struct wire_sample *s)
{
	const struct process *process = registry_sample(all.registry, s);
	const struct mappings *maps = process ? process_mappings(process) : NULL;
	struct unwind_stack stack;

	if (!maps)
		return false;
	unwinder_sample(all.unwinder,
			&(struct unwind_process){
				.pid = s->pid,
				.is_alive = process_is_alive(process),
				.maps = {.version = mappings_version(maps),
					 .cnt = mappings_cnt(maps),
					 .get = get_range,
					 .arg = maps},
			},
			s, &stack);
	return stack.end == UNWIND_END_WHOLE;
}

/* The last start of a pid is the one that is alive. */
static struct start *find_start(uint32_t pid)
{
	for (size_t i = all.cnt; i-- > 0;)
		if (all.starts[i].pid == pid)
			return &all.starts[i];
	return NULL;
}

static void take_sample(const struct wire_sample *s)
{
	struct start *start = find_start(s->pid);
	bool whole = is_whole(s);

	if (!start || !s->user_cnt)
		return;
	if (!start->sample_ns)
		start->sample_ns = s->h.time_ns;
	if (whole && !start->whole_ns)
		start->whole_ns = s->h.time_ns;
}

static int take(void *arg, const struct wire_header *rec)
{
	const struct wire_comm *c = (const struct wire_comm *)rec;

	(void)arg;
	if (rec->type == WIRE_SAMPLE) {
		take_sample((const struct wire_sample *)rec);
		return 0;
	}
	if (rec->type == WIRE_COMM && rec->flags & WIRE_F_EXEC && all.cnt < MAX_STARTS &&
	    !strncmp(c->comm, all.name, sizeof(c->comm)))
		all.starts[all.cnt++] = (struct start){.pid = c->pid, .exec_ns = rec->time_ns};
	return registry_take(all.registry, rec);
}

static void print_after(uint64_t ns, uint64_t exec_ns)
{
	if (ns)
		printf(" %" PRIu64, (ns - exec_ns) / 1000);
	else
		printf(" -");
}

int main(int argc, char **argv)
{
	struct registry_opts reg = {
		.max_processes = 20000,
		.max_mappings = 65536,
		.max_all_mappings = 1 << 19,
	};
	struct unwind_target target = {.arena_bytes = (size_t)32 << 20, .max_spaces = 20000};
	struct err err = {0};

	if (argc != 3) {
		fprintf(stderr, "usage: first_stack FILE NAME\n");
		return 2;
	}
	all.name = argv[2];
	if (image_cache_new(&image_limits_default, &all.images))
		return 2;
	reg.images = all.images;
	if (registry_new(&reg, &all.registry) || unwinder_new(&target, &all.unwinder))
		return 2;
	if (raw_read(argv[1], NULL, take, NULL, NULL, &err)) {
		fprintf(stderr, "first_stack: %s\n", err.text);
		return 2;
	}
	for (size_t i = 0; i < all.cnt; i++) {
		printf("%u", all.starts[i].pid);
		print_after(all.starts[i].sample_ns, all.starts[i].exec_ns);
		print_after(all.starts[i].whole_ns, all.starts[i].exec_ns);
		printf("\n");
	}
	return 0;
}
