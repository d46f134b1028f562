/* SPDX-License-Identifier: Apache-2.0 */
/* push.h - the options about backends, which several commands have. */
#ifndef TOOLS_PUSH_H
#define TOOLS_PUSH_H

#include "opt.h"
#include "ship/shipper.h"

struct push_options {
	struct opt_list targets, labels;
	const char *node;
	uint64_t spool_age_ns, rate;
	uint64_t verify_ns, window_ns; /* of canaries; no options of their own */
};

/* Their rows in a table of options; `push` is the member of the configuration. */
#define PUSH_OPTIONS(config, push)                                                                \
	{"push",                                                                                  \
	 0,                                                                                       \
	 OPT_LIST,                                                                                \
	 offsetof(config, push.targets),                                                          \
	 "URL[,K=V…]",                                                                            \
	 "send each window to this Pyroscope-compatible backend; may be repeated",                \
	 0,                                                                                       \
	 0},                                                                                      \
		{"label",  0,                                                                     \
		 OPT_LIST, offsetof(config, push.labels),                                         \
		 "K=V",	   "one more label of everything that is sent",                           \
		 0,	   0},                                                                    \
		{"node",                                                                          \
		 0,                                                                               \
		 OPT_STRING,                                                                      \
		 offsetof(config, push.node),                                                     \
		 "NAME",                                                                          \
		 "the label node of what is sent (default: $NODE_NAME, else the host's name)",    \
		 0,                                                                               \
		 0},                                                                              \
		{"spool-age",                                                                     \
		 0,                                                                               \
		 OPT_DURATION,                                                                    \
		 offsetof(config, push.spool_age_ns),                                             \
		 "TIME",                                                                          \
		 "what a backend missed for longer is not sent any more (default 24h; 0s: all "   \
		 "is)",                                                                           \
		 0,                                                                               \
		 1e10},                                                                           \
	{                                                                                         \
		"push-rate", 0, OPT_BYTES, offsetof(config, push.rate), "SIZE",                   \
			"bytes per second at most to a backend that catches up, with a tenth of " \
			"a "                                                                      \
			"CPU (default 1MiB; 0: no limits)",                                       \
			0, 1e12                                                                   \
	}

#define PUSH_DEFAULTS                                                           \
	{                                                                       \
		.spool_age_ns = 86400 * NSEC_PER_SEC, .rate = (uint64_t)1 << 20 \
	}

#define PUSH_DETAILS                                                                              \
	"Settings of --push: tenant=, user=, password-file=, token-file=, ca-file=, cert-file=, " \
	"key-file=, header=Name: value, timeout=.\n"

/* Begins to send from the store in `dir`. 0 or -errno with a line in err. */
int must_check push_start(const struct push_options *o, const char *dir, bool from_start,
			  struct shipper **ret, struct err *err);

#endif
