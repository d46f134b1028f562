// SPDX-License-Identifier: Apache-2.0
#include "proc/pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"

#define MAX_PATH  4096
#define MAX_TEXT  1024 /* two lines of some seventy bytes */
#define USEC_NSEC 1000

static bool starts_with(struct str s, struct str start)
{
	return s.len >= start.len && !memcmp(s.p, start.p, start.len);
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0" in any order, with words that are not known */
static int parse_some(struct str words, uint64_t *ret)
{
	static const struct str key = STR_LIT("total=");
	struct str word;
	uint64_t usec;

	while (str_split(&words, ' ', &word)) {
		if (!starts_with(word, key))
			continue;
		word = (struct str){word.p + key.len, word.len - key.len};
		if (num_parse_u64(word, &usec) || __builtin_mul_overflow(usec, USEC_NSEC, ret))
			return -EBADMSG;
		return 0;
	}
	return -EBADMSG;
}

int pressure_parse(struct str text, uint64_t *ret_stalled_ns)
{
	static const struct str start = STR_LIT("some ");
	struct str line;
	uint64_t ns;
	int r;

	while (str_split(&text, '\n', &line)) {
		if (!starts_with(line, start))
			continue;
		r = parse_some((struct str){line.p + start.len, line.len - start.len}, &ns);
		if (!r)
			*ret_stalled_ns = ns;
		return r;
	}
	return -EBADMSG;
}

void pressure_open(struct pressure_files *f, const char *root)
{
	char path[MAX_PATH];

	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		int n = snprintf(path, sizeof(path), "%s/pressure/%s", root, pressure_name(i));

		f->fd[i] = -1;
		f->error[i] = -ENAMETOOLONG;
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		f->fd[i] = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		f->error[i] = f->fd[i] < 0 ? -errno : 0;
	}
}

void pressure_close(struct pressure_files *f)
{
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		if (f->fd[i] >= 0)
			(void)close(f->fd[i]);
		f->fd[i] = -1;
	}
}

uint32_t pressure_read(struct pressure_files *f, uint64_t ret_stalled_ns[PRESSURE_CNT])
{
	char text[MAX_TEXT];
	uint32_t known = 0;

	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		ssize_t n;

		if (f->fd[i] < 0)
			continue;
		n = pread(f->fd[i], text, sizeof(text), 0);
		f->error[i] =
			n < 0 ? -errno
			      : pressure_parse((struct str){text, (size_t)n}, &ret_stalled_ns[i]);
		known |= f->error[i] ? 0 : 1U << i;
	}
	return known;
}

const char *pressure_why_not(int error)
{
	switch (-error) {
	case 0:
		return "";
	case ENOENT:
		return "the kernel has no pressure stall information (CONFIG_PSI, or switched off: "
		       "boot "
		       "with psi=1)";
	case EOPNOTSUPP:
		return "pressure stall information is switched off (boot with psi=1)";
	case EBADMSG:
		return "the file makes no sense";
	default:
		return strerror(-error);
	}
}
