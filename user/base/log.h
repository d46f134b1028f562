/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - diagnostics of the library, for whoever debugs it.
 *
 * The library itself logs at debug and, for what an operator must see in a daemon that goes on, at
 * warning. It never writes anywhere: tools/ sets a sink. Without a sink everything is dropped. Set
 * the sink before threads start; log_msg() may be called from any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

#include "base/compiler.h"

enum log_level {
	LOG_LEVEL_WARN = 1,
	LOG_LEVEL_DEBUG = 2,
};

typedef void (*log_sink_fn)(enum log_level level, const char *fmt, va_list ap);

void log_set_sink(log_sink_fn sink);

/* Form of a message: "tag: what failed 'subject': reason", no newline. */
void log_msg(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define log_warn(...)  log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
