// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "commands.h"
#include "push.h"
#include "signals.h"
#include "store/outbox.h"
#include "tool.h"

struct config {
	const char *store, *backend;
	bool all;
	struct push_options push;
	uint64_t wait_ns;
};

static const struct opt opts[] = {
	{"store", 0, OPT_STRING, offsetof(struct config, store), "DIR", "the agent's store", 0, 0},
	{"backend", 0, OPT_STRING, offsetof(struct config, backend), "URL",
	 "this one only, as spool ls names it", 0, 0},
	{"all", 0, OPT_FLAG, offsetof(struct config, all), NULL,
	 "all that is in quarantine, instead of numbers", 0, 0},
	PUSH_OPTIONS(struct config, push),
	{"wait", 0, OPT_DURATION, offsetof(struct config, wait_ns), "TIME",
	 "how long to try (default: until it is done)", 0, 1e10},
};

enum action {
	LIST,
	RETRY,
	DROP,
	SEND,
};

/* What is done to one backend. */
struct doing {
	enum action action;
	const struct config *config;
	const int64_t *ids;
	size_t id_cnt;
	bool *found;   /* by id */
	uint64_t done; /* parcels */
	struct buf *out;
	struct outbox *outbox;
	int status;
};

static const char *state_name(enum outbox_state state)
{
	switch (state) {
	case OUTBOX_SUSPECT:
		return "suspect";
	case OUTBOX_POISON:
		return "poison";
	case OUTBOX_RETRY:
		return "to be retried";
	}
	return "unknown";
}

static int list_parcel(void *arg, const struct outbox_parcel *p)
{
	struct doing *d = arg;

	buf_addf(d->out, "  %" PRId64 "  ", p->id);
	time_add(d->out, p->start_ns);
	buf_addf(d->out, " part %" PRIu32 ", %" PRIu64 " samples: %s, %s (%d) ", p->parcel,
		 p->samples, state_name(p->state), p->reason, p->status);
	text_add_clean(d->out, str_trim(str_of(p->message)));
	buf_addch(d->out, '\n');
	return 0;
}

static int list_given_up(void *arg, const char *reason, uint64_t cnt, uint64_t samples)
{
	struct doing *d = arg;

	buf_addf(d->out, "  given up: %" PRIu64 " %s, %" PRIu64 " samples\n", cnt, reason, samples);
	return 0;
}

static int list(struct doing *d, const char *backend, struct err *err)
{
	uint64_t depth = outbox_depth(d->outbox);
	int r;

	text_add_clean(d->out, str_of(backend));
	buf_addf(d->out, ": %" PRIu64 " window%s to be sent\n", depth, depth == 1 ? "" : "s");
	r = outbox_given_up(d->outbox, list_given_up, d, err);
	return r ? r : outbox_held(d->outbox, list_parcel, d, err);
}

static bool is_meant(struct doing *d, int64_t id)
{
	bool meant = d->config->all;

	for (size_t i = 0; i < d->id_cnt; i++)
		if (d->ids[i] == id)
			meant = d->found[i] = true;
	return meant;
}

/* What is in quarantine, collected first: it cannot be changed while it is read. */
struct meant {
	struct doing *doing;
	struct outbox_parcel *items;
	size_t cnt, cap;
};

static int collect(void *arg, const struct outbox_parcel *p)
{
	struct meant *m = arg;

	if (!is_meant(m->doing, p->id))
		return 0;
	if (mem_grow(&m->items, &m->cap, m->cnt + 1, sizeof(*m->items), OUTBOX_MAX_HELD * 2))
		return -ENOMEM;
	m->items[m->cnt++] = *p;
	return 0;
}

static int change(struct doing *d, struct err *err)
{
	struct meant m = {.doing = d};
	int r = outbox_held(d->outbox, collect, &m, err);

	for (size_t i = 0; !r && i < m.cnt; i++) {
		const struct outbox_parcel *p = &m.items[i];

		if (d->action == RETRY) {
			r = outbox_set_state(d->outbox, p->id, OUTBOX_RETRY, err);
		} else {
			r = outbox_release(d->outbox, p->id, err);
			if (!r)
				r = outbox_give_up(d->outbox, "dropped", p->samples, err);
		}
		d->done += !r;
	}
	free(m.items);
	return r;
}

static int do_backend(void *arg, const char *backend)
{
	struct doing *d = arg;
	struct err err = {{0}};
	int r;

	if (d->config->backend && strcmp(d->config->backend, backend))
		return 0;
	r = outbox_open(d->config->store, backend, OUTBOX_KNOWN, &d->outbox, &err);
	if (!r)
		r = outbox_look(d->outbox, &err);
	if (!r)
		r = d->action == LIST ? list(d, backend, &err) : change(d, &err);
	outbox_close(d->outbox);
	d->outbox = NULL;
	if (r)
		d->status = command_fail(&err);
	return r;
}

static int parse_ids(const struct operands *operands, int64_t *ids, size_t *ret_cnt)
{
	for (size_t i = 1; i < operands->cnt; i++) {
		if (num_parse_i64(str_of(operands->words[i]), &ids[i - 1]) || ids[i - 1] <= 0)
			return command_failf("'%s' is no number of something held (see spool ls)",
					     operands->words[i]);
	}
	*ret_cnt = operands->cnt - 1;
	return EXIT_DONE;
}

static int check_usage(const struct config *c, const struct operands *operands, enum action *ret)
{
	static const char *const names[] = {
		[LIST] = "ls", [RETRY] = "retry", [DROP] = "drop", [SEND] = "send"};
	const char *word = operands->cnt ? operands->words[0] : "ls";

	if (!c->store)
		return command_failf("--store DIR is needed");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(word, names[i]))
			continue;
		*ret = (enum action)i;
		if ((i == LIST || i == SEND) && (operands->cnt > 1 || c->all))
			return command_failf("spool %s takes no numbers", word);
		if (i == SEND && !c->push.targets.cnt)
			return command_failf("--push URL is needed");
		if (i != SEND && c->push.targets.cnt)
			return command_failf("--push is for spool send");
		if ((i == RETRY || i == DROP) && (operands->cnt > 1) == c->all)
			return command_failf(
				"want numbers of what is held (see spool ls), or --all");
		return EXIT_DONE;
	}
	return command_failf("'%s': want ls, retry, drop or send", word);
}

static int act(struct doing *d)
{
	struct err err = {{0}};
	int r = outbox_receivers(d->config->store, do_backend, d, &err);

	if (d->status != EXIT_DONE)
		return d->status;
	if (r == -ENOENT)
		return command_failf("%s: nothing was ever sent from this store", d->config->store);
	if (r)
		return command_fail(&err);
	for (size_t i = 0; i < d->id_cnt; i++)
		if (!d->found[i])
			return command_failf("nothing is held under number %" PRId64, d->ids[i]);
	if (d->action != LIST)
		buf_addf(d->out, "%" PRIu64 " profile%s %s\n", d->done, d->done == 1 ? "" : "s",
			 d->action == RETRY ? "to be retried" : "dropped");
	return tool_write(NULL, d->out);
}

/* ---- send ---- */

#define LOOK_NS	      (20 * 1000 * 1000)
#define SEND_GRACE_NS (3 * NSEC_PER_SEC)

static void say_sent(const struct receiver *receiver, const struct receiver_stats *stats)
{
	const struct delivery_stats *d = &stats->delivery;
	const char *mark = "  answers: ";

	(void)printf("%s: %" PRIu64 " windows, %" PRIu64 " profiles, %" PRIu64
		     " samples sent; %" PRIu64 " windows wait, %" PRIu64
		     " profiles were put into quarantine\n",
		     receiver_name(receiver), stats->windows, d->parcels, d->samples,
		     stats->waiting, d->held);
	for (int r = 0; r < SHIP_REASON_CNT; r++) {
		if (!d->requests[r])
			continue;
		(void)printf("%s%" PRIu64 " %s", mark, d->requests[r],
			     ship_reason_name((enum ship_reason)r));
		mark = ", ";
	}
	if (*mark == ',')
		(void)printf("\n");
	for (int r = 0; r < OUTBOX_LOSS_CNT; r++)
		if (stats->lost[r])
			(void)printf("  given up: %" PRIu64 " %s\n", stats->lost[r],
				     outbox_loss_name((enum outbox_loss)r));
}

static int send_rest(const struct config *c)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	uint64_t end_ns = clock_mono_ns(&clock_system) + c->wait_ns;
	uint64_t left = 0;
	struct shipper *shipper;
	struct err err = {{0}};
	bool is_done;

	signals_catch();
	if (push_start(&c->push, c->store, true, &shipper, &err))
		return command_fail(&err);
	do {
		(void)nanosleep(&pause, NULL);
		is_done = shipper_is_idle(shipper);
	} while (!is_done && !signals_stop() &&
		 (!c->wait_ns || clock_mono_ns(&clock_system) < end_ns));
	for (size_t i = 0; i < shipper_cnt(shipper); i++) {
		struct receiver_stats stats;

		receiver_stats(shipper_receiver(shipper, i), &stats);
		left += stats.waiting + stats.delivery.held;
		say_sent(shipper_receiver(shipper, i), &stats);
	}
	shipper_free(shipper, is_done ? SEND_GRACE_NS : 0);
	return is_done && !left ? EXIT_DONE : EXIT_NEGATIVE;
}

static int run(const void *config, const struct operands *operands)
{
	struct doing d = {.config = config, .status = EXIT_DONE};
	int64_t *ids = calloc(operands->cnt + 1, sizeof(*ids));
	struct buf out;
	int status;

	d.found = calloc(operands->cnt + 1, sizeof(*d.found));
	buf_init(&out, TOOL_MAX_OUTPUT);
	d.out = &out;
	d.ids = ids;
	status = !ids || !d.found ? command_failf("out of memory")
				  : check_usage(d.config, operands, &d.action);
	if (status == EXIT_DONE && operands->cnt)
		status = parse_ids(operands, ids, &d.id_cnt);
	if (status == EXIT_DONE)
		status = d.action == SEND ? send_rest(d.config) : act(&d);
	buf_release(&out);
	free(d.found);
	free(ids);
	return status;
}

const struct command cmd_spool = {
	.name = "spool",
	.summary = "what the agent has yet to send to its backends, and what they refuse",
	.usage = "[ls | retry | drop | send] --store DIR [NUMBER… | --all] [--push URL]",
	.examples = "  culprit spool ls --store /var/lib/culprit\n"
		    "  culprit spool retry 3 4 --store DIR       once more, soon\n"
		    "  culprit spool drop --all --store DIR      never\n"
		    "  culprit spool send --store DIR --push https://pyroscope:4040\n",
	.details =
		"A profile on which a backend fails each time, while it takes others, is put "
		"into quarantine and holds up nothing.\n"
		"The agent may run meanwhile; it looks for what is to be retried every 30 s.\n"
		"spool send does without an agent: all of a store to a backend that is new, else "
		"what it misses; exit 1 when something is left.\n" PUSH_DETAILS,
	.opts = opts,
	.opt_cnt = ARRAY_SIZE(opts),
	.defaults = &(const struct config){.push = PUSH_DEFAULTS},
	.config_size = sizeof(struct config),
	.run = run,
};
