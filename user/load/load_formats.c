// SPDX-License-Identifier: Apache-2.0
/* What each format's reader is asked, and what is told of how it went. */
#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "format/flamebearer.h"
#include "format/perfscript.h"
#include "format/pprof.h"
#include "load/loader.h"

static void folded_opts_fill(const struct loader *l, struct folded_opts *out)
{
	*out = (struct folded_opts){
		.no_process_frame = l->opts->no_process_frame,
		.process = l->opts->process,
		.labels = l->opts->labels,
		.label_cnt = l->opts->label_cnt,
		.max_rejected = l->opts->max_rejected,
		.annotations = l->opts->annotations,
		.column = l->opts->column,
	};
}

static void note_folded(struct loader *l, const struct folded_report *rep)
{
	struct buf text;

	buf_init(&text, 4096);
	folded_report_add(&text, rep);
	loader_note(l, buf_str(&text));
	buf_release(&text);
}

int loader_read_windowed(struct loader *l, folded_window_fn take)
{
	struct folded_report rep = {0};
	struct folded_opts opts;
	int r;

	folded_opts_fill(l, &opts);
	r = folded_read_windows(buf_str(&l->bytes), &opts, take, l, &rep, l->err);
	note_folded(l, &rep);
	if (!r || l->by_callback || l->told)
		return r;
	return err_prefix(l->err, r, "%s", l->name);
}

/* The next piece of the text: what the head was, then what is still in the file. */
static int more(void *arg, char *at, size_t room, size_t *ret_len, struct err *err)
{
	struct loader *l = arg;
	int r;

	if (l->taken < l->bytes.len) {
		*ret_len = l->bytes.len - l->taken < room ? l->bytes.len - l->taken : room;
		memcpy(at, l->bytes.data + l->taken, *ret_len);
		l->taken += *ret_len;
		return 0;
	}
	r = fs_read_part(l->fd, at, room, ret_len);
	l->read_cnt += r ? 0 : *ret_len;
	if (!r && l->read_cnt > loader_max_bytes(l))
		r = -EFBIG;
	if (r == -EFBIG)
		return err_set(err, r, "larger than %zu MiB, the most that is read",
			       loader_max_bytes(l) >> 20);
	return r ? err_set(err, r, "%s", strerror(-r)) : 0;
}

static int read_folded(struct loader *l, struct profile **ret)
{
	struct folded_report rep = {0};
	struct folded_opts opts;
	int r;

	folded_opts_fill(l, &opts);
	if (l->is_whole)
		r = folded_read(buf_str(&l->bytes), &opts, ret, &rep, l->err);
	else
		r = folded_read_pieces(more, l, &opts, ret, &rep, l->err);
	if (r)
		return err_prefix(l->err, r, "%s", l->name);
	note_folded(l, &rep);
	return 0;
}

static int read_pprof(struct loader *l, struct profile **ret)
{
	struct pprof_read_opts opts = {
		.type = l->opts->type,
		.column = l->opts->column,
		.process = l->opts->process,
		.labels = l->opts->labels,
		.label_cnt = l->opts->label_cnt,
	};
	struct pprof_report rep;
	struct buf text;
	int r;

	r = pprof_read(buf_str(&l->bytes), &opts, ret, &rep, l->err);
	if (r)
		return err_prefix(l->err, r, "%s", l->name);
	buf_init(&text, 4096);
	if (rep.other_unit)
		buf_addf(&text, "measures %s, which is no CPU time: shown as samples", rep.type);
	if (rep.unknown_mappings)
		buf_addf(&text, "%s%llu locations name a mapping that is not there",
			 rep.other_unit ? ", " : "", (unsigned long long)rep.unknown_mappings);
	loader_note(l, buf_str(&text));
	buf_release(&text);
	return 0;
}

static int read_perfscript(struct loader *l, struct profile **ret)
{
	struct perfscript_opts opts = {
		.event = l->opts->type,
		.process = l->opts->process,
		.labels = l->opts->labels,
		.label_cnt = l->opts->label_cnt,
		.max_rejected = l->opts->max_rejected,
		.moments = l->opts->moments,
	};
	struct perfscript_report rep;
	struct buf text;
	int r;

	r = perfscript_read(buf_str(&l->bytes), &opts, ret, &rep, l->err);
	if (r)
		return err_prefix(l->err, r, "%s", l->name);
	buf_init(&text, 4096);
	perfscript_report_add(&text, &rep);
	loader_note(l, buf_str(&text));
	buf_release(&text);
	return 0;
}

static int read_flamebearer(struct loader *l, struct profile **ret)
{
	struct flamebearer_opts opts = {
		.process = l->opts->process,
		.labels = l->opts->labels,
		.label_cnt = l->opts->label_cnt,
		.column = l->opts->column,
	};
	struct flamebearer_report rep;
	struct buf text;
	int r;

	r = flamebearer_read(buf_str(&l->bytes), &opts, ret, &rep, l->err);
	if (r)
		return err_prefix(l->err, r, "%s", l->name);
	buf_init(&text, 4096);
	if (rep.no_time)
		buf_addf(&text, "measures %s, which is no CPU time: shown as samples", rep.units);
	loader_note(l, buf_str(&text));
	buf_release(&text);
	return 0;
}

int loader_read(struct loader *l, enum sniff kind, struct profile **ret)
{
	switch (kind) {
	case SNIFF_PPROF:
		return read_pprof(l, ret);
	case SNIFF_PERFSCRIPT:
		return read_perfscript(l, ret);
	case SNIFF_FLAMEBEARER:
		return read_flamebearer(l, ret);
	default:
		return read_folded(l, ret);
	}
}
