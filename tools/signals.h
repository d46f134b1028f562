/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - being asked to stop: SIGINT, SIGTERM and SIGHUP end the loop, not the program. */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include "base/compiler.h"

/*
 * Installs the handlers; system calls that sleep return early. SIGPIPE is ignored: whoever reads
 * our messages may go away, the recording goes on.
 */
void signals_catch(void);

/* Has one come? */
bool signals_stop(void);

#endif
