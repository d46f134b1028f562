// SPDX-License-Identifier: Apache-2.0
/*
 * hung_mount SECONDS DIR PROGRAM - serves PROGRAM on a FUSE file system at DIR, runs it from there,
 * and answers nothing any more after the first second: what a network file system does when its
 * server is gone. Wants root and a mount namespace of its own. Protocol: include/uapi/linux/fuse.h,
 * fuse(4).
 */
#include "target.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define FILE_NODE 2

static char request[65536 + 4096] __attribute__((aligned(8)));
static char data[65536];
static int dev, file;
static const char *name;

static void answer(uint64_t unique, int error, const void *body, size_t len)
{
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + len),
		.error = error,
		.unique = unique,
	};
	struct iovec parts[] = {{&head, sizeof(head)}, {(void *)(uintptr_t)body, len}};

	(void)!writev(dev, parts, len ? 2 : 1);
}

static struct fuse_attr attr_of(uint64_t node)
{
	struct stat st;

	if (node != FILE_NODE || fstat(file, &st))
		return (struct fuse_attr){.ino = node, .mode = S_IFDIR | 0755, .nlink = 2};
	return (struct fuse_attr){
		.ino = node,
		.size = (uint64_t)st.st_size,
		.blocks = (uint64_t)st.st_blocks,
		.mode = S_IFREG | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void read_file(const struct fuse_in_header *in)
{
	const struct fuse_read_in *want = (const void *)(in + 1);
	size_t len = want->size < sizeof(data) ? want->size : sizeof(data);
	ssize_t n = pread(file, data, len, (off_t)want->offset);

	answer(in->unique, n < 0 ? -EIO : 0, data, n < 0 ? 0 : (size_t)n);
}

static void look_up(const struct fuse_in_header *in)
{
	struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attr_of(FILE_NODE)};
	bool found = !strcmp((const char *)(in + 1), name);

	answer(in->unique, found ? 0 : -ENOENT, &entry, found ? sizeof(entry) : 0);
}

static void serve_one(const struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = 65536,
		.max_background = 16,
		.congestion_threshold = 12,
		.max_write = 4096,
		.time_gran = 1,
	};
	struct fuse_attr_out attr = {.attr = attr_of(in->nodeid)};
	struct fuse_open_out opened = {.open_flags = FOPEN_KEEP_CACHE};

	switch (in->opcode) {
	case FUSE_INIT:
		answer(in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		answer(in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_LOOKUP:
		look_up(in);
		break;
	case FUSE_OPEN:
		answer(in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		read_file(in);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break; /* have no answer */
	default:
		answer(in->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(double seconds)
{
	double end = target_clock(CLOCK_MONOTONIC) + seconds;
	struct pollfd p = {.fd = dev, .events = POLLIN};

	while (target_clock(CLOCK_MONOTONIC) < end) {
		if (poll(&p, 1, 100) <= 0)
			continue;
		if (read(dev, request, sizeof(request)) >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one((const struct fuse_in_header *)request);
	}
}

int main(int argc, char **argv)
{
	char options[128], path[4096];

	if (argc < 4)
		return 2;
	target_init(target_number(argc, argv, 1, 10));
	name = strrchr(argv[3], '/') ? strrchr(argv[3], '/') + 1 : argv[3];
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	file = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (dev < 0 || file < 0)
		return 1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if (mount("hung", argv[2], "fuse", MS_NOSUID | MS_NODEV, options)) {
		perror("mount");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/%s", argv[2], name);
	if (!fork()) {
		(void)execl(path, path, argv[1], NULL);
		_exit(1);
	}
	serve(1);
	for (;;)
		pause();
}
