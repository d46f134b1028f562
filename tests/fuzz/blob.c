// SPDX-License-Identifier: Apache-2.0
/* FUZZ: -max_len=2048 */
/*
 * Blobs of the store: the first byte says which kind. What was read, written and read again is
 * written the same a second time. The envelope's checksum is made right, the fuzzer cannot.
 */
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "store/encode.h"
#include "store/moments.h"

#define PERIOD	  UINT64_C(10309278)
#define CRC_BYTES 4

static bool rewrite_samples(struct str payload, struct buf *out)
{
	struct encode_sample *samples;
	size_t cnt;

	if (decode_samples(payload, PERIOD, &samples, &cnt))
		return false;
	for (size_t i = 1; i < cnt; i++)
		must(samples[i - 1].pair < samples[i].pair);
	encode_samples(samples, cnt, PERIOD, out);
	must(!buf_error(out));
	free(samples);
	return true;
}

/* Of four samples: one that was taken once, three times, a million times, and nobody knows. */
static bool rewrite_moments(struct str payload, struct buf *out)
{
	static const struct encode_sample samples[] = {
		{.cnt = 1}, {.cnt = 3}, {.cnt = 1000000}, {.cnt = 0}};
	struct encode_moment *m;
	uint64_t sum = 0;
	size_t cnt;

	if (decode_moments(payload, samples, ARRAY_SIZE(samples), &m, &cnt))
		return false;
	for (size_t i = 0; i < cnt; i++) {
		must(m[i].cnt && m[i].sample < ARRAY_SIZE(samples));
		must(!i || m[i - 1].sample < m[i].sample || m[i - 1].step < m[i].step);
		sum = i && m[i - 1].sample == m[i].sample ? sum + m[i].cnt : m[i].cnt;
		must(m[i].sample == 3 || sum <= samples[m[i].sample].cnt);
	}
	encode_moments(m, cnt, ARRAY_SIZE(samples), out);
	must(!buf_error(out));
	free(m);
	return true;
}

static bool rewrite_head(struct str payload, struct buf *out)
{
	struct encode_head head;

	if (decode_head(payload, 1, NSEC_PER_SEC, &head))
		return false;
	encode_head(&head.p, head.period, head.totals, head.total_cnt, out);
	must(!buf_error(out));
	encode_head_release(&head);
	return true;
}

static void check_rewriting(struct str payload, bool (*rewrite)(struct str, struct buf *))
{
	struct buf first, second;

	buf_init(&first, 1 << 20);
	buf_init(&second, 1 << 20);
	if (rewrite(payload, &first)) {
		must(rewrite(buf_str(&first), &second));
		must(str_eq(buf_str(&first), buf_str(&second)));
	}
	buf_release(&first);
	buf_release(&second);
}

static void check_envelope(struct str blob)
{
	static struct codec codec;
	struct buf payload, sealed;
	uint32_t crc;

	if (blob.len < CRC_BYTES)
		return;
	buf_init(&payload, 1 << 24);
	buf_init(&sealed, 1 << 24);
	crc = encode_crc32(0, blob.p, blob.len - CRC_BYTES);
	buf_add(&sealed, blob.p, blob.len - CRC_BYTES);
	buf_add(&sealed, &crc, sizeof(crc));
	if (!encode_unpack(&codec, buf_str(&sealed), STR_LIT(""), &payload))
		fuzz_touch(payload.data, payload.len);
	buf_release(&payload);
	buf_release(&sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str payload = {(const char *)data + 1, size ? size - 1 : 0};

	if (!size)
		return 0;
	if (data[0] == 's')
		check_rewriting(payload, rewrite_samples);
	else if (data[0] == 'm')
		check_rewriting(payload, rewrite_moments);
	else if (data[0] == 'h')
		check_rewriting(payload, rewrite_head);
	else
		check_envelope(payload);
	return 0;
}
