// SPDX-License-Identifier: Apache-2.0
#include "elf/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf/rulejob.h"
#include "elf/symjob.h"

struct parser_session {
	struct sandbox_session *session; /* NULL: in this process, with what follows */
	sandbox_fn fn;
	int fds[SANDBOX_MAX_FDS];
	size_t fd_cnt;
	void *state;
};

/* The jobs whose questions come from this folder. */
static sandbox_fn local_job(enum job job)
{
	switch (job) {
	case JOB_SYMBOLS:
		return symjob_run;
	case JOB_RULES:
		return rulejob_run;
	default:
		return NULL;
	}
}

/* Without a child the state of a session is ours. */
static void end_local(sandbox_fn fn, void *state)
{
	if (fn == rulejob_run)
		rulejob_end(state);
}

int parser_run(struct sandbox *sb, enum job job, const int *fds, size_t fd_cnt, struct str request,
	       const struct sandbox_limits *limits, struct buf *reply)
{
	sandbox_fn fn = local_job(job);
	void *state = NULL;
	int r;

	if (sb)
		return sandbox_run(sb, job, fds, fd_cnt, request, limits, reply);
	r = fn ? fn(fds, fd_cnt, request, reply, &state) : -EINVAL;
	end_local(fn, state);
	return r;
}

int parser_open(struct sandbox *sb, enum job job, const int *fds, size_t fd_cnt,
		const struct sandbox_limits *limits, struct parser_session **ret)
{
	struct parser_session *s;
	int r = 0;

	if (fd_cnt > SANDBOX_MAX_FDS || !local_job(job))
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fn = local_job(job);
	s->fd_cnt = fd_cnt;
	if (fd_cnt)
		memcpy(s->fds, fds, fd_cnt * sizeof(*fds));
	if (sb)
		r = sandbox_open(sb, job, fds, fd_cnt, limits, &s->session);
	if (r) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int parser_ask(struct parser_session *s, struct str request, struct buf *reply)
{
	if (s->session)
		return sandbox_ask(s->session, request, reply);
	return s->fn(s->fds, s->fd_cnt, request, reply, &s->state);
}

void parser_close(struct parser_session *s)
{
	if (!s)
		return;
	sandbox_close(s->session);
	end_local(s->fn, s->state);
	free(s);
}
