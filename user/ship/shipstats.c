// SPDX-License-Identifier: Apache-2.0
#include "ship/shipstats.h"

#include "base/num.h"

struct backend {
	const char *name;
	struct receiver_stats stats;
};

static void add_head(struct buf *text, const char *name, const char *type, const char *help)
{
	buf_addf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* `name{backend="…"` without its end; escapes of the exposition format. */
static void add_name(struct buf *text, const char *name, const struct backend *b)
{
	buf_addf(text, "%s{backend=\"", name);
	for (const char *c = b->name; *c; c++) {
		if (*c == '\\' || *c == '"')
			buf_addch(text, '\\');
		if (*c == '\n')
			buf_addstr(text, "\\n");
		else
			buf_addch(text, *c);
	}
	buf_addch(text, '"');
}

static void add_value(struct buf *text, double value)
{
	buf_addstr(text, "} ");
	num_add_double(text, value, 15);
	buf_addch(text, '\n');
}

struct family {
	const char *name, *type, *help;
	double (*value)(const struct receiver_stats *s);
};

static double seconds(int64_t ns)
{
	return (double)ns / NSEC_PER_SEC;
}

static double parcels(const struct receiver_stats *s)
{
	return (double)s->delivery.parcels;
}

static double samples(const struct receiver_stats *s)
{
	return (double)s->delivery.samples;
}

static double bytes(const struct receiver_stats *s)
{
	return (double)s->delivery.bytes;
}

static double windows(const struct receiver_stats *s)
{
	return (double)s->windows;
}

static double held(const struct receiver_stats *s)
{
	return (double)s->delivery.held;
}

static double waiting(const struct receiver_stats *s)
{
	return (double)s->waiting;
}

static double oldest(const struct receiver_stats *s)
{
	return seconds(s->oldest_ns);
}

static double last_success(const struct receiver_stats *s)
{
	return seconds(s->delivery.last_success_ns);
}

static double draining(const struct receiver_stats *s)
{
	return s->is_draining;
}

static const struct family families[] = {
	{"culprit_push_profiles_total", "counter", "Profiles that a backend took.", parcels},
	{"culprit_push_samples_total", "counter", "Samples in the profiles that it took.", samples},
	{"culprit_push_bytes_total", "counter", "Bytes of requests sent to it.", bytes},
	{"culprit_push_windows_total", "counter", "Windows that are settled with it.", windows},
	{"culprit_push_quarantined_profiles_total", "counter",
	 "Profiles that were put into quarantine, since it failed on them.", held},
	{"culprit_push_last_success_timestamp_seconds", "gauge",
	 "When it last took a profile; 0: not since the start.", last_success},
	{"culprit_spool_windows", "gauge", "Windows that it has yet to get.", waiting},
	{"culprit_spool_oldest_timestamp_seconds", "gauge",
	 "Start of the oldest of them; 0: there is none.", oldest},
	{"culprit_spool_draining", "gauge", "1 while what it missed is sent from the store.",
	 draining},
};

/* One row for each reason; given_up has none for what is no reason to give up. */
static void add_reasons(struct buf *text, const struct backend *backends, size_t cnt,
			bool is_given_up)
{
	const char *name = is_given_up ? "culprit_push_given_up_profiles_total"
				       : "culprit_push_requests_total";

	add_head(text, name, "counter",
		 is_given_up ? "Profiles that no backend will ever take."
			     : "Answers to pushes, by what they said.");
	for (size_t i = 0; i < cnt; i++) {
		const struct delivery_stats *d = &backends[i].stats.delivery;

		for (int r = is_given_up; r < SHIP_REASON_CNT; r++) {
			add_name(text, name, &backends[i]);
			buf_addf(text, ",%s=\"%s\"", is_given_up ? "reason" : "result",
				 ship_reason_name((enum ship_reason)r));
			add_value(text, (double)(is_given_up ? d->given_up[r] : d->requests[r]));
		}
	}
}

/* Windows that no backend will get: those that the outbox gave up, and those that are no profile. */
static void add_losses(struct buf *text, const struct backend *backends, size_t cnt)
{
	static const char name[] = "culprit_spool_lost_windows_total";

	add_head(text, name, "counter", "Windows that it will never get, by reason.");
	for (size_t i = 0; i < cnt; i++) {
		const struct receiver_stats *s = &backends[i].stats;

		for (int r = 0; r <= OUTBOX_LOSS_CNT; r++) {
			bool is_unfit = r == OUTBOX_LOSS_CNT;

			add_name(text, name, &backends[i]);
			buf_addf(text, ",reason=\"%s\"",
				 is_unfit ? "unfit" : outbox_loss_name((enum outbox_loss)r));
			add_value(text, (double)(is_unfit ? s->unfit : s->lost[r]));
		}
	}
}

static void add_canaries(const struct shipper *s, struct buf *text, const struct backend *backends,
			 size_t cnt)
{
	static const char total[] = "culprit_canary_total",
			  last[] = "culprit_canary_last_success_timestamp_seconds";
	struct canary_stats stats;

	if (!shipper_canary(s, 0)) /* all have one, or none has */
		return;
	add_head(text, total, "counter",
		 "Profiles pushed to be read back, by what became of them.");
	for (size_t i = 0; i < cnt; i++) {
		canary_stats(shipper_canary(s, i), &stats);
		for (int f = 0; f < CANARY_FATE_CNT; f++) {
			add_name(text, total, &backends[i]);
			buf_addf(text, ",result=\"%s\"", canary_fate_name((enum canary_fate)f));
			add_value(text, (double)stats.fates[f]);
		}
	}
	add_head(text, last, "gauge", "When one was last read back; 0: not since the start.");
	for (size_t i = 0; i < cnt; i++) {
		canary_stats(shipper_canary(s, i), &stats);
		add_name(text, last, &backends[i]);
		add_value(text, seconds(stats.last_verified_ns));
	}
}

void shipstats_format(const struct shipper *s, struct buf *text)
{
	struct backend backends[SHIPPER_MAX_TARGETS];
	size_t cnt = shipper_cnt(s);

	if (!cnt)
		return;
	for (size_t i = 0; i < cnt; i++) {
		struct receiver *r = shipper_receiver(s, i);

		backends[i].name = receiver_name(r);
		receiver_stats(r, &backends[i].stats);
	}
	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		add_head(text, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; i < cnt; i++) {
			add_name(text, families[f].name, &backends[i]);
			add_value(text, families[f].value(&backends[i].stats));
		}
	}
	add_reasons(text, backends, cnt, false);
	add_reasons(text, backends, cnt, true);
	add_losses(text, backends, cnt);
	add_canaries(s, text, backends, cnt);
}
