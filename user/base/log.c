// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

static log_sink_fn the_sink;

void log_set_sink(log_sink_fn sink)
{
	the_sink = sink;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!the_sink)
		return;
	va_start(ap, fmt);
	the_sink(level, fmt, ap);
	va_end(ap);
}
