// SPDX-License-Identifier: Apache-2.0
/*
 * By sample, then by time: most samples of a window were taken once, so that the number of their
 * moments and the count of each are nearly always 1, two columns that zstd makes next to nothing
 * of. What remains is the step, of which each sample has a random one; its low byte has a column of
 * its own, where the entropy coder finds eight bits and no ninth.
 */
#include "store/moments.h"

#include <errno.h>
#include <stdlib.h>

#include "base/reader.h"
#include "model/profile.h"

void encode_moments(const struct encode_moment *m, size_t cnt, size_t sample_cnt, struct buf *out)
{
	struct buf low, high;
	size_t i = 0;

	buf_init(&low, out->max);
	buf_init(&high, out->max);
	buf_addvarint(out, MOMENT_NS);
	buf_addvarint(out, sample_cnt);
	for (size_t s = 0; s < sample_cnt; s++) {
		uint32_t next = 0;
		size_t first = i;

		for (; i < cnt && m[i].sample == s; i++) {
			buf_addch(&low, (char)(m[i].step - next));
			buf_addvarint(&high, (m[i].step - next) >> 8);
			next = m[i].step + 1;
		}
		buf_addvarint(out, i - first);
	}
	for (i = 0; i < cnt; i++)
		buf_addvarint(out, m[i].cnt);
	buf_add(out, low.data, low.len);
	buf_add(out, high.data, high.len);
	if (!out->error)
		out->error = low.error ? low.error : high.error;
	buf_release(&low);
	buf_release(&high);
}

/* How many moments each sample has; returns how many in all. */
static uint64_t read_numbers(struct reader *r, uint32_t *numbers, size_t sample_cnt)
{
	uint64_t sum = 0;

	for (size_t s = 0; s < sample_cnt && !r->failed; s++) {
		uint64_t n = reader_varint(r);

		/* each takes three bytes at least */
		if (n > reader_left(r) || sum + n > reader_left(r))
			r->failed = true;
		numbers[s] = (uint32_t)n;
		sum += n;
	}
	return sum;
}

static void read_counts(struct reader *r, const struct encode_sample *samples,
			const uint32_t *numbers, size_t sample_cnt, struct encode_moment *m)
{
	for (size_t s = 0; s < sample_cnt; s++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < numbers[s] && !r->failed; i++, m++) {
			uint64_t cnt = reader_varint(r);

			sum += cnt;
			if (!cnt || cnt > UINT32_MAX || (samples[s].cnt && sum > samples[s].cnt))
				r->failed = true;
			*m = (struct encode_moment){.sample = (uint32_t)s, .cnt = (uint32_t)cnt};
		}
	}
}

static void read_steps(struct reader *r, struct encode_moment *m, size_t cnt)
{
	struct reader low = *r;
	uint64_t step = 0;

	(void)reader_bytes(r, cnt);
	for (size_t i = 0; i < cnt && !r->failed; i++) {
		uint64_t high = reader_varint(r);

		step = i && m[i].sample == m[i - 1].sample ? step + 1 : 0;
		if (high > UINT32_MAX)
			r->failed = true;
		step += high << 8 | reader_u8(&low);
		if (step > UINT32_MAX)
			r->failed = true;
		m[i].step = (uint32_t)step;
	}
}

int decode_moments(struct str payload, const struct encode_sample *samples, size_t sample_cnt,
		   struct encode_moment **ret, size_t *ret_cnt)
{
	struct encode_moment *m = NULL;
	uint32_t *numbers;
	struct reader r;
	uint64_t cnt;

	reader_init(&r, payload.p, payload.len);
	if (reader_varint(&r) != MOMENT_NS || reader_varint(&r) != sample_cnt || r.failed ||
	    sample_cnt > reader_left(&r))
		return -EBADMSG;
	numbers = calloc(sample_cnt + 1, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	cnt = read_numbers(&r, numbers, sample_cnt);
	if (!r.failed)
		m = calloc(cnt + 1, sizeof(*m));
	if (m) {
		read_counts(&r, samples, numbers, sample_cnt, m);
		read_steps(&r, m, cnt);
	}
	free(numbers);
	if (r.failed || reader_left(&r) || !m) {
		free(m);
		return r.failed || m ? -EBADMSG : -ENOMEM;
	}
	*ret = m;
	*ret_cnt = cnt;
	return 0;
}
