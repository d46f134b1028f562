// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <signal.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

void signals_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: a sleep shall end */

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

bool signals_stop(void)
{
	return stop;
}
