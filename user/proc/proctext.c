// SPDX-License-Identifier: Apache-2.0
#include "proc/proctext.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define MAX_ARG_BYTES  512
#define ARG_HEAD_BYTES 64

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h; unchanged since 2.6.29 */

bool proctext_stat(struct str s, uint64_t tick_ns, struct wire_proc *p)
{
	const char *open_paren = s.len ? memchr(s.p, '(', s.len) : NULL;
	const char *close_paren = s.len ? memrchr(s.p, ')', s.len) : NULL;
	uint64_t value[23] = {0};
	struct str rest, field;
	size_t comm_len;

	if (!open_paren || !close_paren || close_paren < open_paren)
		return false;
	rest = (struct str){close_paren + 1, (size_t)(s.p + s.len - close_paren - 1)};
	if (!rest.len || rest.p[0] != ' ')
		return false;
	rest = (struct str){rest.p + 1, rest.len - 1};
	for (int i = 3; i <= 22; i++) {
		if (!str_split(&rest, ' ', &field))
			return false;
		if ((i == 4 || i == 9 || i == 22) && num_parse_u64(str_trim(field), &value[i]))
			return false;
	}
	if (value[4] > UINT32_MAX || value[22] > UINT64_MAX / tick_ns)
		return false;
	comm_len = (size_t)(close_paren - open_paren - 1);
	if (comm_len >= WIRE_COMM_LEN)
		comm_len = WIRE_COMM_LEN - 1; /* workqueue workers show more than the task's comm */
	memcpy(p->comm, open_paren + 1, comm_len);
	p->ppid = (uint32_t)value[4];
	p->start_ns = value[22] * tick_ns;
	if (value[9] & PF_KTHREAD)
		p->h.flags |= WIRE_F_KTHREAD;
	return true;
}

/* The id of a container is 64 hexadecimal digits, whoever made it. */
static bool names_container(struct str path)
{
	size_t run = 0;

	for (size_t i = 0; i < path.len && run < 64; i++)
		run = isxdigit((unsigned char)path.p[i]) ? run + 1 : 0;
	return run == 64;
}

struct str proctext_cgroup(struct str s)
{
	struct str line, best = {"", 0};
	int best_rank = 0;

	while (str_split(&s, '\n', &line)) {
		struct str id, controllers;
		int rank = 0;

		if (!str_split(&line, ':', &id) || !str_split(&line, ':', &controllers) || !line.p)
			continue;
		if (!controllers.len && str_eq(id, STR_LIT("0")))
			rank = line.len > 1 ? 3 : 1;
		else if (str_eq(controllers, STR_LIT("name=systemd")))
			rank = 2;
		if (names_container(line))
			rank += 4;
		if (rank > best_rank) {
			best = line;
			best_rank = rank;
		}
	}
	return best;
}

size_t proctext_cmdline(struct str s, char *out, size_t max)
{
	size_t n = 0;
	struct str arg;

	while (s.len && !s.p[s.len - 1]) /* also blanks that setproctitle() leaves behind */
		s.len--;
	if (!s.len)
		return 0;
	while (str_split(&s, '\0', &arg)) {
		size_t head = arg.len > MAX_ARG_BYTES ? ARG_HEAD_BYTES : arg.len;
		size_t tail = arg.len > MAX_ARG_BYTES ? MAX_ARG_BYTES - ARG_HEAD_BYTES : 0;

		if (head + tail + 1 > max - n)
			break;
		memcpy(out + n, arg.p, head);
		memcpy(out + n + head, arg.p + arg.len - tail, tail);
		n += head + tail;
		out[n++] = '\0';
	}
	return n;
}

int proctext_inner_pid(struct str s, uint32_t *ret)
{
	struct str line, word, last = {NULL, 0};
	uint64_t v;

	while (str_split(&s, '\n', &line)) {
		if (line.len < 6 || memcmp(line.p, "NSpid:", 6))
			continue;
		line = str_trim((struct str){line.p + 6, line.len - 6});
		while (str_split(&line, '\t', &word))
			last = word;
		if (num_parse_u64(last, &v) || !v || v > INT32_MAX)
			return -EBADMSG;
		*ret = (uint32_t)v;
		return 0;
	}
	return -ENODATA; /* a kernel without CONFIG_PID_NS */
}
