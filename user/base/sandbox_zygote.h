/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_zygote.h - the process that forks the children of a sandbox. Private to base/sandbox*.c.
 *
 * It holds one end of the control socket and /dev/null, parses nothing, and ends when the other end
 * is closed or the process that made it dies; its children end with it.
 */
#ifndef BASE_SANDBOX_ZYGOTE_H
#define BASE_SANDBOX_ZYGOTE_H

#include "base/compiler.h"
#include "base/sandbox.h"

/*
 * The life of the process, which has just been executed; `parent` is who did that, and
 * SANDBOX_CONTROL_FD its end of the socket. Sends SANDBOX_HELLO first, then serves. Does not return.
 */
void sandbox_zygote_main(const struct sandbox_job *jobs, size_t job_cnt, int parent)
	__attribute__((noreturn));

#endif
