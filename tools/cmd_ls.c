// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "commands.h"
#include "ls_json.h"
#include "pyroscope.h"
#include "remote.h"
#include "store/store.h"
#include "tool.h"

struct config {
	const char *store, *format;
	uint64_t top;
	int64_t from_ns, until_ns;
	bool windows;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR|URL",
	 "the store; an agent (http://…) or a backend (pyroscope+http://…)", 0, 0},
	{"top", 'n', OPT_NUMBER, offsetof(struct config, top), "N",
	 "so many series at most (default 20; 0: all)", 0, 1e9},
	{"format", 0, OPT_STRING, offsetof(struct config, format), "F", "text (default) or json", 0,
	 0},
	{"windows", 0, OPT_FLAG, offsetof(struct config, windows), NULL,
	 "each window with its time, samples and losses, instead of the totals (json)", 0, 0},
	{"from", 0, OPT_TIME, offsetof(struct config, from_ns), "T", "windows from here", 0, 0},
	{"until", 0, OPT_TIME, offsetof(struct config, until_ns), "T", "…to here", 0, 0},
};

static void add_blocks(struct buf *out, const struct store_info *info)
{
	uint64_t bytes = 0, windows = 0, samples = 0;

	buf_addstr(out, "block                                     from                  until     "
			"            "
			"windows    samples      bytes\n");
	for (size_t i = 0; i < info->block_cnt; i++) {
		const struct store_block_info *b = &info->blocks[i];
		struct buf from, until;

		buf_init(&from, 64);
		buf_init(&until, 64);
		if (b->window_cnt) {
			time_add(&from, b->first_ns);
			time_add(&until, b->last_ns);
		}
		buf_addf(out, "%-41s %-21s %-21s %7" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			 b->file, buf_str(&from).p, buf_str(&until).p, b->window_cnt, b->sample_cnt,
			 b->bytes);
		if (b->damaged)
			buf_addf(out, "  DAMAGED: %s\n", b->damaged);
		bytes += b->bytes;
		windows += b->window_cnt;
		samples += b->sample_cnt;
		buf_release(&from);
		buf_release(&until);
	}
	buf_addf(out, "%zu block%s, %" PRIu64 " window%s, %" PRIu64 " samples, %" PRIu64 " bytes",
		 info->block_cnt, info->block_cnt == 1 ? "" : "s", windows, windows == 1 ? "" : "s",
		 samples, bytes);
	if (samples)
		buf_addf(out, " (%.2f bytes per sample)", (double)bytes / (double)samples);
	buf_addch(out, '\n');
}

struct row {
	const struct profile *p;
	const struct sample *s;
};

static int by_weight(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;

	if (a->s->weight != b->s->weight)
		return a->s->weight < b->s->weight ? 1 : -1;
	return (a->s->series > b->s->series) - (a->s->series < b->s->series);
}

static void add_series(struct buf *out, const struct profile *p, uint64_t top)
{
	struct row *rows = calloc(p->sample_cnt + 1, sizeof(*rows));
	size_t shown = top && top < p->sample_cnt ? (size_t)top : p->sample_cnt;

	if (!rows)
		return;
	for (size_t i = 0; i < p->sample_cnt; i++)
		rows[i] = (struct row){p, &p->samples[i]};
	qsort(rows, p->sample_cnt, sizeof(*rows), by_weight);
	buf_addf(out, "\n%14s %12s  series\n",
		 p->unit == PROFILE_NANOSECONDS ? "CPU seconds" : "samples", "samples");
	for (size_t i = 0; i < shown; i++) {
		const struct series *series = &p->series[rows[i].s->series];

		if (p->unit == PROFILE_NANOSECONDS)
			buf_addf(out, "%14.3f %12" PRIu64 "  ", (double)rows[i].s->weight / 1e9,
				 rows[i].s->cnt);
		else
			buf_addf(out, "%14" PRIu64 " %12" PRIu64 "  ", rows[i].s->weight,
				 rows[i].s->cnt);
		for (uint32_t k = 0; k < series->label_cnt; k++) {
			const struct label *l = &p->labels[series->first_label + k];

			buf_addstr(out, k ? " " : "");
			text_add_clean(out, profile_str(p, l->key));
			buf_addch(out, '=');
			text_add_clean(out, profile_str(p, l->value));
		}
		buf_addch(out, '\n');
	}
	if (shown < p->sample_cnt)
		buf_addf(out, "… and %zu more (--top 0 shows all)\n", p->sample_cnt - shown);
	free(rows);
}

static void add_losses(struct buf *out, const struct profile *p)
{
	bool any = false;

	for (unsigned int i = 0; i < LOSS_CNT; i++) {
		if (!p->lost[i] || !loss_name(i))
			continue;
		buf_addf(out, "%s%14" PRIu64 "  %-16s %s\n", any ? "" : "\nnot complete:\n",
			 p->lost[i], loss_name(i), loss_help(i));
		any = true;
	}
	if (!any)
		buf_addstr(out, "\nnothing was lost\n");
}

static void add_pressure(struct buf *out, const struct profile *p)
{
	bool any = false;

	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		const struct pressure *at = &p->pressure[i];

		if (!at->watched_ns)
			continue;
		buf_addf(out, "%s%s %.1f%%",
			 any ? ", " : "\nsomebody waited for: ", pressure_name(i),
			 100 * pressure_share(at));
		any = true;
	}
	buf_addstr(out, any ? " of the time\n" : "");
}

static int check_usage(const struct config *c, const struct operands *operands)
{
	bool is_backend = c->store && pyroscope_is(c->store);
	bool is_ranged = c->from_ns != INT64_MIN || c->until_ns != INT64_MAX;

	if (operands->cnt)
		return command_failf("'%s': takes no operands", operands->words[0]);
	if (!c->store)
		return command_failf("--store DIR is needed");
	if (strcmp(c->format, "text") && strcmp(c->format, "json"))
		return command_failf("--format: '%s' is neither text nor json", c->format);
	if (is_backend && (c->windows || strcmp(c->format, "text")))
		return command_failf("%s: types and labels of a backend are shown as text",
				     c->store);
	if (c->store && remote_is(c->store) && strcmp(c->format, "json"))
		return command_failf("%s: what an agent holds is shown with --format json",
				     c->store);
	if (c->windows && strcmp(c->format, "json"))
		return command_failf("--windows wants --format json");
	if (is_ranged && !c->windows && !is_backend)
		return command_failf("--from and --until are for --windows and for backends");
	if (c->until_ns <= c->from_ns)
		return command_failf("--until must be after --from");
	return EXIT_DONE;
}

static void add_text(struct buf *out, const struct store_info *info, uint64_t top)
{
	add_blocks(out, info);
	for (size_t unit = 0; unit < ARRAY_SIZE(info->totals); unit++) {
		if (!info->totals[unit])
			continue;
		add_series(out, info->totals[unit], top);
		add_losses(out, info->totals[unit]);
		add_pressure(out, info->totals[unit]);
	}
}

static int list(const struct config *c, struct store *store, struct buf *out, struct err *err)
{
	struct store_info *info;
	int r;

	if (c->windows)
		return ls_json_windows(store, (struct time_range){c->from_ns, c->until_ns}, out,
				       err);
	r = store_info(store, &info, err);
	if (r)
		return r;
	if (strcmp(c->format, "json"))
		add_text(out, info, c->top);
	else
		ls_json_info(info, c->top, out);
	store_info_free(info);
	return 0;
}

static int list_store(const struct config *c, struct buf *out, struct err *err)
{
	struct store *store = NULL;
	int r = store_open(c->store, STORE_READ, NULL, &store, err);

	if (!r)
		r = list(c, store, out, err);
	tool_warn_store(store);
	store_close(store);
	return r;
}

static int list_backend(const struct config *c, struct buf *out, struct err *err)
{
	struct load_opts load = {.ranges = &(struct time_range){c->from_ns, c->until_ns},
				 .range_cnt = 1};
	struct pyroscope_query query = {.load = &load};

	return pyroscope_list(c->store, &query, c->top, out, err);
}

static int run(const void *config, const struct operands *operands)
{
	const struct config *c = config;
	struct time_range range = {c->from_ns, c->until_ns};
	struct buf out;
	struct err err;
	int status = check_usage(c, operands), r;

	if (status != EXIT_DONE)
		return status;
	buf_init(&out, TOOL_MAX_OUTPUT);
	if (pyroscope_is(c->store))
		r = list_backend(c, &out, &err);
	else if (remote_is(c->store))
		r = remote_list(c->store, c->windows, range, &out, &err);
	else
		r = list_store(c, &out, &err);
	status = r ? command_fail(&err) : tool_write("-", &out);
	buf_release(&out);
	return status;
}

const struct command cmd_ls = {
	.name = "ls",
	.summary = "what a store holds: blocks, series, totals, losses",
	.usage = "--store DIR|URL [-n N] [--format json [--windows]]",
	.examples = "  culprit ls --store /var/lib/culprit\n"
		    "  culprit ls --store DIR --format json --windows --from now-1h\n"
		    "  culprit ls --store pyroscope+https://profiles.example\n",
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults =
		&(const struct config){
			.format = "text", .top = 20, .from_ns = INT64_MIN, .until_ns = INT64_MAX},
	.config_size = sizeof(struct config),
	.run = run,
};
