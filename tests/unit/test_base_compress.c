// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include "base/compress.h"
#include "base/text.h"
#include "unit/tap.h"

/* What the program `tool` makes of these bytes. */
static struct buf packed_by(const char *tool, const char *bytes, size_t len)
{
	char command[256], path[] = "/tmp/culprit-compress-XXXXXX";
	struct buf out;
	char chunk[4096];
	size_t n;
	int fd = mkstemp(path);
	FILE *pipe;

	buf_init(&out, 1 << 24);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		printf("Bail out! no temporary file\n");
	snprintf(command, sizeof(command), "%s < %s", tool, path);
	pipe = popen(command, "r");
	while (pipe && (n = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
		buf_add(&out, chunk, n);
	if (!pipe || pclose(pipe))
		buf_clear(&out);
	close(fd);
	unlink(path);
	return out;
}

static char *text(size_t len)
{
	char *p = malloc(len);

	for (size_t i = 0; p && i < len; i++)
		p[i] = (char)('a' + i * i % 23);
	return p;
}

static void test_crc(void)
{
	is_u64(compress_crc32(0, "123456789", 9), 0xcbf43926, "CRC-32 of the check string");
	is_u64(compress_crc32(compress_crc32(0, "1234", 4), "56789", 5), 0xcbf43926,
	       "...in two parts");
	is_u64(compress_crc32(0xcbf43926, NULL, 0), 0xcbf43926, "nothing changes nothing");
}

/* Every length but the right one is refused, and no byte is written beyond it. */
static void test_expand(enum compress_format format, const char *tool, const char *name)
{
	const size_t len = 100000;
	char *bytes = text(len), *out = malloc(len + 64);
	struct buf packed = packed_by(tool, bytes, len);
	size_t wrong = 0;

	if (!packed.len) {
		printf("ok %d # SKIP no %s here\n", ++tap_run, tool);
		goto out;
	}
	memset(out, '#', len + 64);
	ok(!compress_expand(format, buf_str(&packed), out, len) && !memcmp(out, bytes, len) &&
		   out[len] == '#',
	   "%s made by another program is expanded", name);
	is_i64(compress_expand(format, buf_str(&packed), out, len - 1), -EBADMSG,
	       "more than was said is refused");
	is_i64(compress_expand(format, buf_str(&packed), out, len + 1), -EBADMSG, "so is less");
	for (size_t cut = 0; cut < packed.len - 4; cut += 7)
		wrong += compress_expand(format, (struct str){packed.data, cut}, out, len) !=
			 -EBADMSG;
	is_u64(wrong, 0, "cut off anywhere it is damaged");
	wrong = 0;
	for (size_t at = 0; at < packed.len; at++) {
		packed.data[at] ^= 0x55;
		memset(out, '#', len + 64);
		(void)!compress_expand(format, buf_str(&packed), out, len);
		wrong += out[len] != '#';
		packed.data[at] ^= 0x55;
	}
	is_u64(wrong, 0, "with any byte changed nothing is written behind the end");
out:
	buf_release(&packed);
	free(bytes);
	free(out);
}

static void test_zstd_frames(void)
{
	struct compress_zstd z = {NULL, NULL};
	char *bytes = text(50000);
	struct buf packed, out;
	int r;

	buf_init(&packed, 1 << 20);
	buf_init(&out, 50000);
	r = compress_zstd_pack(&z, (struct str){bytes, 50000}, &packed);
	ok(!r && packed.len && packed.len < 50000, "a frame is smaller");
	r = compress_zstd_unpack(&z, buf_str(&packed), 50000, &out);
	ok(!r && str_eq(buf_str(&out), (struct str){bytes, 50000}), "and the same again");
	is_i64(compress_zstd_unpack(&z, buf_str(&packed), 49999, &out), -EBADMSG,
	       "another size than the frame's is refused");
	is_i64(compress_zstd_unpack(&z, buf_str(&packed), 50000, &out), -ENOSPC,
	       "so is what the buffer may not hold");
	compress_zstd_release(&z);
	buf_release(&packed);
	buf_release(&out);
	free(bytes);
}

static void test_gzip_members(void)
{
	char *bytes = text(3000), out[1000];
	struct compress_gunzip *g = NULL;
	size_t used, made, at = 0, total = 0, members = 0;
	struct buf packed;
	int r;

	buf_init(&packed, 1 << 20);
	r = compress_gzip((struct str){bytes, 3000}, &packed);
	if (!r)
		r = compress_gzip((struct str){bytes, 3000}, &packed);
	if (!r)
		r = compress_gunzip_new(&g);
	while (!r && at < packed.len) {
		r = compress_gunzip_step(g, (struct str){packed.data + at, packed.len - at}, out,
					 sizeof(out), &used, &made);
		at += used;
		if (r >= 0 && memcmp(out, bytes + total % 3000, made))
			r = -EIO;
		total += made;
		members += r == 1;
		r = r == 1 ? 0 : r;
	}
	ok(!r && members == 2 && total == 6000, "two members in pieces of 1000 bytes");
	r = compress_gunzip_step(g, (struct str){packed.data, 5}, out, sizeof(out), &used, &made);
	is_i64(r, -ENODATA, "five bytes want more");
	r = compress_gunzip_step(g, STR_LIT("\1\2\3\4\5\6\7\10"), out, sizeof(out), &used, &made);
	ok(r == -EBADMSG && compress_gunzip_why(g), "rubbish is damaged (%s)",
	   compress_gunzip_why(g));
	compress_gunzip_free(g);
	compress_gunzip_free(NULL);
	buf_release(&packed);
	free(bytes);
}

int main(void)
{
	test_crc();
	test_expand(COMPRESS_ZLIB,
		    "perl -MCompress::Zlib -0777 -e 'binmode STDIN; print compress(<STDIN>)'",
		    "zlib");
	test_expand(COMPRESS_ZSTD, "zstd -q -c", "zstd");
	test_zstd_frames();
	test_gzip_members();
	return tap_done();
}
