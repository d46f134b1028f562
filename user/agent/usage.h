/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - what this process takes of the machine, by the kernel's account. */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include "base/compiler.h"

/* CPU time of all threads and of the children that were waited for, user and system. */
uint64_t usage_cpu_ns(void);

/* Memory in RAM, shared libraries included (/proc/self/statm); 0 when it cannot be read. */
uint64_t usage_resident_bytes(void);

#endif
