// SPDX-License-Identifier: Apache-2.0
/* Raw record files: what is written comes back; what was cut off costs the tail only. */
#include "format/raw.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "unit/tap.h"

#define RECORDS 5000

static char dir[] = "/tmp/culprit-raw-XXXXXX";
static char path[64], cut_path[64];

struct seen {
	struct raw_info info;
	uint64_t cnt, comms, hash;
	uint64_t stop_after;
};

static int take_info(void *arg, const struct raw_info *info)
{
	((struct seen *)arg)->info = *info;
	return 0;
}

static int take(void *arg, const struct wire_header *rec)
{
	struct seen *s = arg;
	const unsigned char *p = (const void *)rec;

	s->cnt++;
	s->comms += rec->type == WIRE_COMM;
	for (uint32_t i = 0; i < rec->size; i++)
		s->hash = s->hash * 1099511628211u + p[i];
	return s->stop_after && s->cnt == s->stop_after ? 7 : 0;
}

/* A record of varying size and type; every 100th of a type from the future. */
static const struct wire_header *make(unsigned int i)
{
	static union {
		struct wire_header h;
		struct wire_sample sample;
		struct wire_comm comm;
		uint64_t room[512];
	} u;

	memset(&u, 0, sizeof(u));
	u.h.time_ns = i * 1000;
	if (i % 100 == 99) {
		u.h.type = 200;
		u.h.size = 64;
	} else if (i % 3) {
		u.h.type = WIRE_SAMPLE;
		u.sample.user_cnt = (uint16_t)(i % 100);
		u.sample.kernel_cnt = (uint16_t)(i % 7);
		u.sample.pid = i;
		for (unsigned int k = 0; k < i % 100 + i % 7; k++)
			u.sample.pcs[k] = i * 131 + k;
		u.h.size = (uint32_t)(sizeof(u.sample) + 8 * (i % 100 + i % 7));
	} else {
		u.h.type = WIRE_COMM;
		u.h.size = sizeof(u.comm);
		memcpy(u.comm.comm, "worker", 7);
	}
	return &u.h;
}

static void write_file(struct seen *want)
{
	struct raw_info info = {.hz = 97.5,
				.period_ns = 10256410,
				.cpus = 2,
				.wall_at_mono0_ns = 1700000000123456789};
	struct raw_writer *w = NULL;
	struct err err;
	int r = 0;

	ok(!raw_writer_new(path, &info, &w, &err), "a writer");
	for (unsigned int i = 0; i < RECORDS; i++) {
		const struct wire_header *rec = make(i);

		r |= raw_writer_put(w, rec);
		if (rec->type <= WIRE_PRESSURE)
			(void)take(want, rec);
		if (i == 10)
			r |= raw_writer_flush(w);
	}
	ok(!r, "takes the records");
	ok(!raw_writer_close(w, &err), "closes");
}

static void round_trip(void)
{
	struct seen want = {0}, got = {0};
	struct raw_report rep;
	struct err err;

	write_file(&want);
	ok(!raw_read(path, take_info, take, &got, &rep, &err), "reads back");
	is_u64(got.cnt, want.cnt, "every record of a known type");
	is_u64(got.hash, want.hash, "byte for byte, in order");
	is_u64(rep.record_cnt, want.cnt, "counted");
	is_u64(rep.skipped_cnt, RECORDS / 100, "those of unknown types are skipped and counted");
	is_u64(rep.tail_bytes, 0, "no tail in a closed file");
	is_near(got.info.hz, 97.5, 1e-9, "rate");
	is_u64(got.info.period_ns, 10256410, "period");
	is_u64(got.info.cpus, 2, "CPUs");
	is_i64(got.info.wall_at_mono0_ns, 1700000000123456789, "where the clock stands");

	got = (struct seen){.stop_after = 17};
	is_i64(raw_read(path, NULL, take, &got, NULL, &err), 7,
	       "a callback stops the reading with its value");
	is_u64(got.cnt, 17, "…at once");
}

static void bad_records(void)
{
	struct raw_info info = {.hz = 97};
	struct wire_header h = {.type = WIRE_SAMPLE, .size = 24};
	struct raw_writer *w = NULL;
	struct err err;

	ok(!raw_writer_new(cut_path, &info, &w, &err), "another writer");
	is_i64(raw_writer_put(w, &h), -EINVAL, "a record that does not fit its size is refused");
	ok(!raw_writer_close(w, &err), "and the writer lives on");
	ok(raw_writer_new("/nonexistent/x.raw", &info, &w, &err) == -ENOENT,
	   "no directory: -ENOENT");
	ok(strstr(err.text, "/nonexistent/x.raw"), "names the file: %s", err.text);
	ok(raw_writer_close(NULL, &err) == 0, "closing nothing");
	if (!access("/dev/full", W_OK)) {
		int r;

		r = raw_writer_new("/dev/full", &info, &w, &err);
		ok(r == -ENOSPC && strstr(err.text, "No space"), "full disk is told: %s", err.text);
	}
}

static void store(const char *p, size_t len)
{
	int fd = open(cut_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, p, len) != (ssize_t)len || close(fd))
		perror(cut_path);
}

/* Cut at every length near the ends and many in between: records before the cut are there, the rest
 * is reported. */
static void truncations(const struct buf *file)
{
	uint64_t before = 0;
	bool grows = true, adds_up = true, names = true;
	struct err err;

	for (size_t len = 0; len <= file->len;
	     len += len < 600 || file->len - len < 300 ? 1 : 977) {
		struct seen got = {0};
		struct raw_report rep = {0};
		int r;

		store(file->data, len);
		r = raw_read(cut_path, NULL, take, &got, &rep, &err);
		if (len < sizeof(struct raw_file_header)) {
			names &= r == -EINVAL && strstr(err.text, cut_path);
			continue;
		}
		grows &= !r && got.cnt >= before && got.cnt == rep.record_cnt;
		adds_up &= !rep.tail_bytes || rep.tail_at + rep.tail_bytes == len;
		adds_up &= !rep.damaged_chunks && !rep.bad_cnt;
		before = got.cnt;
	}
	ok(names, "a file that ends in its header is refused by name: %s", err.text);
	ok(grows, "each cut keeps all whole records before it");
	ok(adds_up, "and says how many bytes are left over and where");
}

static void flips(const struct buf *file)
{
	char *copy = malloc(file->len);
	uint64_t rnd = 12345, damaged = 0, whole = 0;
	struct err err;

	for (int i = 0; i < 300; i++) {
		struct seen got = {0};
		struct raw_report rep = {0};

		memcpy(copy, file->data, file->len);
		for (int k = 0; k < 1 + i % 4; k++) {
			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			copy[(rnd >> 20) % (i % 2 ? file->len : 400)] ^=
				(char)(1 << (rnd >> 60) % 8);
		}
		store(copy, file->len);
		if (raw_read(cut_path, NULL, take, &got, &rep, &err))
			continue;
		damaged += rep.damaged_chunks || rep.tail_bytes;
		whole += got.cnt == RECORDS - RECORDS / 100 && !rep.damaged_chunks;
	}
	free(copy);
	ok(damaged > 100, "flipped bits are noticed (%d of 300)", (int)damaged);
	ok(whole < 200, "and not handed on");
}

static void refusals(void)
{
	struct raw_file_header h = {
		.byte_order = 0x04030201, .version = 1, .header_bytes = sizeof(h)};
	struct seen got = {0};
	struct err err;

	memcpy(h.magic, RAW_MAGIC, RAW_MAGIC_LEN);
	store((const char *)&h, sizeof(h));
	ok(raw_read(cut_path, NULL, take, &got, NULL, &err) == -EINVAL &&
		   strstr(err.text, "byte order"),
	   "other byte order: %s", err.text);
	h.byte_order = RAW_BYTE_ORDER;
	h.version = 9;
	store((const char *)&h, sizeof(h));
	ok(raw_read(cut_path, NULL, take, &got, NULL, &err) == -EINVAL &&
		   strstr(err.text, "version 9"),
	   "other version: %s", err.text);
	store("a;b 5\n", 6);
	ok(raw_read(cut_path, NULL, take, &got, NULL, &err) == -EINVAL &&
		   strstr(err.text, "not a raw"),
	   "folded text: %s", err.text);
	ok(raw_read("/nonexistent", NULL, take, &got, NULL, &err) == -ENOENT, "missing: %s",
	   err.text);
	ok(raw_read("/tmp", NULL, take, &got, NULL, &err) == -EISDIR, "directory: %s", err.text);
}

static void test_end_of_time(void)
{
	struct wire_task t = {.h = {.type = WIRE_EXIT, .size = sizeof(t), .time_ns = INT64_MAX}};

	ok(wire_check(&t.h, sizeof(t)), "a time that a signed number holds");
	t.h.time_ns++;
	ok(!wire_check(&t.h, sizeof(t)), "a later one is no record");
}

int main(void)
{
	test_end_of_time();
	struct buf file;
	struct err err;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/a.raw", dir);
	snprintf(cut_path, sizeof(cut_path), "%s/cut.raw", dir);
	round_trip();
	bad_records();
	buf_init(&file, 1 << 26);
	ok(!fs_read(path, &file, &err), "the file as bytes");
	truncations(&file);
	flips(&file);
	refusals();
	buf_release(&file);
	(void)unlink(path);
	(void)unlink(cut_path);
	(void)rmdir(dir);
	return tap_done();
}
