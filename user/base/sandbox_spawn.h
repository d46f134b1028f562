/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_spawn.h - how the zygote comes to life, and how long to wait before another one does.
 * Private to base/sandbox*.c.
 *
 * It is not a fork of this process, which may have threads, secrets and hundreds of megabytes by
 * then, but its program executed once more: /proc/self/exe, which is there after an upgrade too.
 * sandbox_serve() is where that program takes another road.
 */
#ifndef BASE_SANDBOX_SPAWN_H
#define BASE_SANDBOX_SPAWN_H

#include <sys/types.h>

#include "base/compiler.h"
#include "base/sandbox.h"

#define SANDBOX_NAME	   "culprit-sandbox"
#define SANDBOX_CONTROL_FD 3 /* where the zygote finds its end of the control socket */

/*
 * Starts one. *ret_control is our end of its socket, on which SANDBOX_HELLO will arrive. 0 or -errno;
 * -ENOSYS when sandbox_serve() has not been called: what is executed would not know what to do.
 */
int must_check sandbox_spawn(pid_t *ret_pid, int *ret_control);

/* The jobs that sandbox_serve() was told of. */
const struct sandbox_job *sandbox_jobs(size_t *ret_cnt);

/* What a wait status says. `has_spoken`: it had said hello before. */
enum sandbox_death sandbox_death_of(int status, bool has_spoken);

/*
 * The wait before the next start, after a life of lived_ns and a wait of before_ns: the shortest one
 * after a long life, twice as long as the last one otherwise, up to the longest. In nanoseconds.
 */
#define SANDBOX_SHORTEST_WAIT_NS (NSEC_PER_SEC / 10)
#define SANDBOX_LONGEST_WAIT_NS	 (60 * NSEC_PER_SEC)
#define SANDBOX_LONG_LIFE_NS	 (60 * NSEC_PER_SEC)
uint64_t sandbox_wait_ns(uint64_t lived_ns, uint64_t before_ns);

#endif
