// SPDX-License-Identifier: Apache-2.0
/* Perf records, made by hand after perf_event_open(2), honest and hostile. */
#include <errno.h>
#include <linux/perf_event.h>

#include "unit/tap.h"

#include "collect/taskrecord.h"

struct raw {
	uint8_t bytes[70000];
	size_t len;
};

static void put(struct raw *w, const void *p, size_t len)
{
	memcpy(w->bytes + w->len, p, len);
	w->len += len;
}

static void put_u32(struct raw *w, uint32_t v)
{
	put(w, &v, sizeof(v));
}

static void put_u64(struct raw *w, uint64_t v)
{
	put(w, &v, sizeof(v));
}

static void put_text(struct raw *w, const char *s)
{
	put(w, s, strlen(s) + 1);
	while (w->len % 8)
		w->bytes[w->len++] = 0;
}

static void begin(struct raw *w)
{
	w->len = sizeof(struct perf_event_header);
}

static void end(struct raw *w, uint32_t type, uint16_t misc, uint64_t time_ns)
{
	struct perf_event_header h = {.type = type, .misc = misc};

	put_u64(w, time_ns);
	h.size = (uint16_t)w->len;
	memcpy(w->bytes, &h, sizeof(h));
}

static void make_mmap(struct raw *w, uint64_t addr, uint64_t len, const char *path)
{
	begin(w);
	put_u32(w, 1234);
	put_u32(w, 1235);
	put_u64(w, addr);
	put_u64(w, len);
	put_u64(w, 0x2000);
	put_u32(w, 8);
	put_u32(w, 1);
	put_u64(w, 777);
	put_u64(w, 5);
	put_u32(w, 5);
	put_u32(w, 2);
	put_text(w, path);
	end(w, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER, 42);
}

/* Decodes a copy of exactly that size, so that the sanitizer sees a read beyond its end. */
static int decode(const struct raw *w, size_t len, struct taskrecord *out)
{
	uint8_t *copy = malloc(len ? len : 1);
	int r;

	memcpy(copy, w->bytes, len);
	r = taskrecord_decode(copy, len, out);
	free(copy);
	if (r > 0 && !wire_check(&out->h, sizeof(*out)))
		ok(false, "a decoded record must pass wire_check()");
	return r;
}

static void test_mmap(void)
{
	static struct taskrecord out;
	static struct raw w;
	char path[WIRE_MAX_PATH + 2];

	make_mmap(&w, 0x400000, 0x1000, "/usr/bin/true");
	ok(decode(&w, w.len, &out) == 1 && out.h.type == WIRE_MMAP, "a mapping");
	is_u64(out.h.time_ns, 42, "time from the end of the record");
	ok(out.mmap.pid == 1234 && out.mmap.addr == 0x400000 && out.mmap.len == 0x1000 &&
		   out.mmap.pgoff == 0x2000 && out.mmap.maj == 8 && out.mmap.min == 1 &&
		   out.mmap.ino == 777 && out.mmap.ino_generation == 5,
	   "its fields");
	ok(out.mmap.path_len == 13 && !memcmp(out.mmap.path, "/usr/bin/true\0\0\0", 16),
	   "its path, padded with NULs");
	is_u64(out.h.size, sizeof(struct wire_mmap) + 16, "its size");

	make_mmap(&w, 0x400000, 0, "/x");
	is_i64(decode(&w, w.len, &out), -EBADMSG, "no length");
	make_mmap(&w, UINT64_MAX - 10, 100, "/x");
	is_i64(decode(&w, w.len, &out), -EBADMSG, "beyond the end of the address space");
	make_mmap(&w, 0x400000, 0x1000, "");
	ok(decode(&w, w.len, &out) == 1 && out.mmap.path_len == 0, "no path");

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	make_mmap(&w, 0x400000, 0x1000, path);
	is_i64(decode(&w, w.len, &out), -EBADMSG, "a path longer than any");
	path[WIRE_MAX_PATH] = '\0';
	make_mmap(&w, 0x400000, 0x1000, path);
	ok(decode(&w, w.len, &out) == 1 && out.mmap.path_len == WIRE_MAX_PATH, "the longest path");

	make_mmap(&w, 0x400000, 0x1000, "/usr/bin/true");
	memset(w.bytes + sizeof(struct perf_event_header), 0xff, 4);
	is_i64(decode(&w, w.len, &out), 0, "a mapping of the kernel is no process's");
}

static void test_comm(void)
{
	static struct taskrecord out;
	static struct raw w;

	begin(&w);
	put_u32(&w, 10);
	put_u32(&w, 11);
	put_text(&w, "nightly-report");
	end(&w, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, 7);
	ok(decode(&w, w.len, &out) == 1 && out.h.type == WIRE_COMM && out.h.flags == WIRE_F_EXEC,
	   "an exec");
	ok(out.comm.pid == 10 && out.comm.tid == 11, "its ids");
	is_str(out.comm.comm, "nightly-report", "its name");

	begin(&w);
	put_u32(&w, 10);
	put_u32(&w, 10);
	put_text(&w, "a name that is longer than the kernel's");
	end(&w, PERF_RECORD_COMM, 0, 8);
	ok(decode(&w, w.len, &out) == 1 && !out.h.flags, "a change of name is no exec");
	is_str(out.comm.comm, "a name that is ", "an overlong name is cut, with its NUL");

	begin(&w);
	put_u32(&w, 10);
	put_u32(&w, 10);
	end(&w, PERF_RECORD_COMM, 0, 8);
	ok(decode(&w, w.len, &out) == 1 && !out.comm.comm[0], "no name at all");
}

static void test_task(void)
{
	static struct taskrecord out;
	static struct raw w;

	for (int exiting = 0; exiting < 2; exiting++) {
		begin(&w);
		put_u32(&w, 20);
		put_u32(&w, 19);
		put_u32(&w, 22);
		put_u32(&w, 18);
		put_u64(&w, 99);
		end(&w, exiting ? PERF_RECORD_EXIT : PERF_RECORD_FORK, 0, 99);
		ok(decode(&w, w.len, &out) == 1 && out.h.type == (exiting ? WIRE_EXIT : WIRE_FORK),
		   exiting ? "exit" : "fork");
		ok(out.task.pid == 20 && out.task.ppid == 19 && out.task.tid == 22 &&
			   out.task.ptid == 18 && out.h.time_ns == 99 &&
			   out.h.size == sizeof(struct wire_task),
		   "its fields");
	}
}

static void test_others(void)
{
	static struct taskrecord out;
	static struct raw w;

	begin(&w);
	put_u64(&w, 1);
	put_u64(&w, 17);
	end(&w, PERF_RECORD_LOST, 0, 5);
	ok(decode(&w, w.len, &out) == 0 && out.lost == 17, "what the kernel lost is told");
	begin(&w);
	put_u64(&w, 1);
	end(&w, PERF_RECORD_LOST, 0, 5);
	ok(decode(&w, w.len, &out) == -EBADMSG && out.lost == 0, "…and not invented");
	begin(&w);
	put_u64(&w, 1);
	end(&w, 9999, 0, 5);
	is_i64(decode(&w, w.len, &out), 0, "records of no interest are passed over");
}

/*
 * Every cut of every kind of record, and every byte turned around: refused or decoded, never read
 * beyond.
 */
static void test_hostile(void)
{
	static const uint32_t types[] = {PERF_RECORD_MMAP2, PERF_RECORD_COMM, PERF_RECORD_FORK,
					 PERF_RECORD_EXIT,  PERF_RECORD_LOST, 0,
					 UINT32_MAX};
	static struct taskrecord out;
	static struct raw w, cut;
	unsigned int decoded = 0, tried = 0;
	size_t full;

	make_mmap(&w, 0x400000, 0x1000, "/usr/lib/x86_64-linux-gnu/libc.so.6");
	full = w.len;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t len = 0; len <= full; len++) {
			struct perf_event_header h = {.type = types[t], .size = (uint16_t)len};

			cut = w;
			memcpy(cut.bytes, &h, sizeof(h));
			decoded += decode(&cut, len, &out) > 0;
			tried++;
		}
	ok(decoded > 0 && decoded < tried, "%u of %u cut records still hold what they need",
	   decoded, tried);
	for (size_t i = 0; i < full; i++) {
		cut = w;
		cut.bytes[i] ^= 0xff;
		decoded += decode(&cut, full, &out) > 0;
	}
	ok(decode(&w, full, &out) == 1, "the record itself is still good after %u others", tried);
	is_i64(decode(&w, full - 1, &out), -EBADMSG, "a size that is not what the header says");
	is_i64(decode(&w, 0, &out), -EBADMSG, "nothing");
}

int main(void)
{
	test_mmap();
	test_comm();
	test_task();
	test_others();
	test_hostile();
	return tap_done();
}
