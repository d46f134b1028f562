/* SPDX-License-Identifier: Apache-2.0 */
/* cpus.h - which CPUs are online, as /sys/devices/system/cpu/online says it ("0-3,8,10-11"). */
#ifndef COLLECT_CPUS_H
#define COLLECT_CPUS_H

#include "base/compiler.h"
#include "base/err.h"

#define CPU_MAX 8192 /* CONFIG_NR_CPUS goes no higher; numbers are below it */

struct cpu_list {
	uint32_t *ids; /* owned; ascending, no number twice */
	size_t cnt;
	size_t cap; /* private */
};

void cpu_list_init(struct cpu_list *l); /* allocates nothing */
void cpu_list_release(struct cpu_list *l);
bool cpu_list_equal(const struct cpu_list *a, const struct cpu_list *b);
bool cpu_list_has(const struct cpu_list *l, uint32_t cpu);

/*
 * Replaces the contents. -EINVAL when the text is not an ascending list, is empty or has numbers >=
 * CPU_MAX; -ENOMEM.
 */
int must_check cpu_list_parse(struct cpu_list *l, struct str text);

/*
 * Replaces the contents by what is online now. 0 or -errno with a line in err; unchanged on
 * failure.
 */
int must_check cpu_list_read_online(struct cpu_list *l, struct err *err);

#endif
