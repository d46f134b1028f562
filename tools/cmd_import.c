// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "model/restamp.h"
#include "source.h"
#include "store/store.h"
#include "tool.h"

struct config {
	const char *store;
	struct opt_list label;
	int64_t at_ns;
	uint64_t length_ns, cpus, block_ns;
	double hz;
	struct source_reading in;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR",
	 "where to put it; made if missing", 0, 0},
	{"at", 0, OPT_TIME, offsetof(struct config, at_ns), "T",
	 "when the first file's window began; the others follow (default: what the file says, else "
	 "now)",
	 0, 0},
	{"length", 0, OPT_DURATION, offsetof(struct config, length_ns), "TIME",
	 "length of a window whose file does not say (default 10s)", 0.001, 1e7},
	{"label", 0, OPT_LIST, offsetof(struct config, label), "K=V",
	 "added to every series; may be repeated", 0, 0},
	{"hz", 0, OPT_REAL, offsetof(struct config, hz), "N",
	 "sampling rate: makes counts CPU time", 0.001, 1e6},
	{"cpus", 0, OPT_NUMBER, offsetof(struct config, cpus), "N", "CPUs that were sampled", 1,
	 1e6},
	SOURCE_READING_OPTS(struct config, in),
	{"block", 0, OPT_DURATION, offsetof(struct config, block_ns), "TIME",
	 "time that one file of the store covers (default 6h)", 60, 31 * 86400},
};

struct import {
	const struct config *config;
	struct store *store;
	struct str labels[OPT_MAX_LIST][2];
	int64_t next_ns; /* where the next window goes that does not say */
	uint64_t windows, samples;
	struct err *err;
};

/* "key=value" of --label */
static int parse_labels(struct import *import)
{
	const struct opt_list *list = &import->config->label;

	for (size_t i = 0; i < list->cnt; i++) {
		const char *eq = strchr(list->items[i], '=');

		if (!eq || eq == list->items[i] || !eq[1])
			return command_failf("--label: '%s' is not key=value", list->items[i]);
		import->labels[i][0] = (struct str){list->items[i], (size_t)(eq - list->items[i])};
		import->labels[i][1] = str_of(eq + 1);
	}
	return EXIT_DONE;
}

static int put_window(void *arg, const struct profile *window)
{
	struct import *import = arg;
	const struct config *c = import->config;
	bool timed = window->start_ns && c->at_ns == INT64_MIN;
	struct restamp how = {
		.start_ns = timed ? window->start_ns : import->next_ns,
		.length_ns = window->length_ns ? window->length_ns : c->length_ns,
		.cpus = c->cpus ? (uint32_t)c->cpus : window->cpus,
		.hz = c->hz,
		.labels = (const struct str(*)[2])import->labels,
		.label_cnt = c->label.cnt,
	};
	struct profile *stamped;
	int r;

	r = profile_restamp(window, &how, &stamped);
	if (r)
		return err_set(import->err, r, "cannot keep the window: %s", strerror(-r));
	import->next_ns = how.start_ns + (int64_t)how.length_ns;
	import->windows++;
	import->samples += stamped->total_cnt;
	r = store_put(import->store, stamped, import->err);
	profile_free(stamped);
	return r;
}

static int import_files(struct import *import, const struct operands *operands)
{
	struct source_query q = {.reading = &import->config->in, .untimed = true};
	int r;

	r = store_begin(import->store, import->err);
	for (size_t i = 0; !r && i < operands->cnt; i++)
		r = source_each(operands->words[i], &q, put_window, import, import->err);
	return r ? r : store_commit(import->store, import->err);
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct store_opts store_opts = {.block_ns = c->block_ns};
	struct err err = {{0}};
	struct import import = {
		.config = c,
		.next_ns = c->at_ns == INT64_MIN ? operands->now_ns : c->at_ns,
		.err = &err,
	};
	int status = EXIT_DONE;

	if (!c->store)
		return command_failf("--store DIR is needed");
	if (!operands->cnt)
		return command_failf("no file to import");
	if (parse_labels(&import))
		return EXIT_FAILED;
	if (store_open(c->store, STORE_WRITE, &store_opts, &import.store, &err))
		return command_fail(&err);
	if (import_files(&import, operands))
		status = command_fail(&err);
	else
		(void)fprintf(stderr, "culprit import: %" PRIu64 " window%s, %" PRIu64 " samples\n",
			      import.windows, import.windows == 1 ? "" : "s", import.samples);
	tool_warn_store(import.store);
	store_close(import.store);
	return status;
}

const struct command cmd_import = {
	.name = "import",
	.summary = "put profiles into a store: folded, pprof, output of perf script, flamebearer",
	.usage = "--store DIR [--at T] [--length 10s] [--label k=v]… FILE…",
	.examples =
		"  culprit import --store DIR --at 2026-11-23T03:00:00Z --length 60s perf.folded\n"
		"  culprit import --store DIR cpu.pb.gz           a pprof file knows its time\n"
		"  culprit import --store DIR history.folded      windowed folded: many windows in "
		"one file\n",
	.details = "In folded stacks the first frame is the process. A windowed folded file opens "
		   "each window with a line\n"
		   "  # window start=<unix seconds> length=<seconds> cpus=<n> hz=<n> lost=<n>\n"
		   "A block of the store takes all windows of an import, or none.\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.at_ns = INT64_MIN,
					   .length_ns = 10 * NSEC_PER_SEC,
					   .in = SOURCE_READING_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
