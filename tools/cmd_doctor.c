// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "collect/probe.h"
#include "commands.h"

struct config {
	bool unused;
};

static int run(const void *config, const struct operands *operands)
{
	struct probe_feature features[PROBE_MAX];
	size_t cnt;

	(void)config;
	if (operands->cnt)
		return command_failf("'%s': takes no operands", operands->words[0]);
	cnt = probe_run(features);
	for (size_t i = 0; i < cnt; i++) {
		const struct probe_feature *f = &features[i];

		printf("%-8s  %-22s %s\n",
		       f->works	     ? "ok"
		       : f->required ? "MISSING"
				     : "no",
		       f->name, f->reason);
	}
	if (probe_ok(features, cnt)) {
		puts("\nThe agent can run here.");
		return EXIT_DONE;
	}
	puts("\nThe agent cannot run here: see MISSING above.");
	return EXIT_NEGATIVE;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "what works on this kernel, and why the rest does not",
	.usage = "",
	.examples = "  culprit doctor            exit status 1 if the agent could not run\n",
	.defaults = &(const struct config){0},
	.config_size = sizeof(struct config),
	.run = run,
};
