// SPDX-License-Identifier: Apache-2.0
/*
 * The samples of a window are (pair, count) with pairs in ascending order. Pairs that run all the
 * time were seen first and have small, dense numbers, so nearly every distance fits into six bits
 * and nearly every weight is count x period: a pair costs one byte, or two when it was hit more
 * than once.
 */
#include "store/encode.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compress.h"
#include "base/reader.h"
#include "base/sum.h"

#define CRC_BYTES 4

/*
 * Counters of the window that are no losses stand in the list of losses all the same, under numbers
 * that no loss will have: a program that does not know them passes them over.
 */
#define FIRST_PRESSURE 1024 /* two for each resource: stalled, watched */

enum packing {
	PACKING_PLAIN = 0,
	PACKING_ZSTD = 1, /* varint of the payload's length, then one zstd frame */
};

uint32_t encode_crc32(uint32_t crc, const void *p, size_t len)
{
	return compress_crc32(crc, p, len);
}

void encode_seal(uint8_t *at, uint64_t v)
{
	for (unsigned int i = 0; i < 8; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

void codec_release(struct codec *c)
{
	compress_zstd_release(&c->zstd);
}

static void pack_zstd(struct codec *c, struct str payload, struct buf *out)
{
	buf_addch(out, PACKING_ZSTD);
	buf_addvarint(out, payload.len);
	if (compress_zstd_pack(&c->zstd, payload, out))
		buf_clear(out); /* lack of memory: the caller takes the plain form */
}

int encode_pack(struct codec *c, struct str payload, struct str seal, struct buf *out)
{
	uint32_t crc;

	if (payload.len > ENCODE_MAX_BYTES)
		return -EFBIG;
	buf_clear(out);
	if (payload.len >= 64) /* below that a frame's own header eats the gain */
		pack_zstd(c, payload, out);
	if (!out->len || out->len >= payload.len + 1) {
		buf_clear(out);
		buf_addch(out, PACKING_PLAIN);
		buf_add(out, payload.p, payload.len);
	}
	crc = encode_crc32(encode_crc32(0, seal.p, seal.len), out->data, out->len);
	for (unsigned int i = 0; i < CRC_BYTES; i++)
		buf_addch(out, (char)(crc >> (8 * i)));
	return buf_error(out);
}

static int unpack_zstd(struct codec *c, struct reader *r, struct buf *payload)
{
	uint64_t len = reader_varint(r);
	int err;

	if (r->failed || len > ENCODE_MAX_BYTES)
		return -EBADMSG;
	err = compress_zstd_unpack(&c->zstd, (struct str){(const char *)r->p, reader_left(r)}, len,
				   payload);
	return err == -ENOSPC ? -EBADMSG : err;
}

int encode_unpack(struct codec *c, struct str blob, struct str seal, struct buf *payload)
{
	struct reader tail, r;
	uint8_t packing;

	if (blob.len < 1 + CRC_BYTES)
		return -EBADMSG;
	blob.len -= CRC_BYTES;
	reader_init(&tail, blob.p + blob.len, CRC_BYTES);
	if (reader_u32(&tail) != encode_crc32(encode_crc32(0, seal.p, seal.len), blob.p, blob.len))
		return -EBADMSG;
	reader_init(&r, blob.p, blob.len);
	buf_clear(payload);
	packing = reader_u8(&r);
	if (packing == PACKING_ZSTD)
		return unpack_zstd(c, &r, payload);
	if (packing != PACKING_PLAIN)
		return -EBADMSG;
	buf_add(payload, r.p, reader_left(&r));
	return buf_error(payload) == -ENOSPC ? -EBADMSG : buf_error(payload);
}

/*
 * The form of everything that is counted: distance to the number before, with one bit for "all is
 * usual"; then, if it is not, the count with one bit for "the weight is not count x period"; then,
 * if it is not, the weight.
 */
static void add_count(struct buf *out, uint64_t distance, uint64_t weight, uint64_t cnt,
		      uint64_t period)
{
	uint64_t usual;
	bool plain = cnt && cnt <= UINT32_MAX && !__builtin_mul_overflow(cnt, period, &usual) &&
		     usual == weight;

	if (plain && cnt == 1) {
		buf_addvarint(out, distance << 1);
		return;
	}
	buf_addvarint(out, distance << 1 | 1);
	if (plain) {
		buf_addvarint(out, cnt << 1);
		return;
	}
	buf_addvarint(out, 1);
	buf_addvarint(out, cnt);
	buf_addvarint(out, weight);
}

static void read_count(struct reader *r, uint64_t *number, uint64_t *weight, uint64_t *cnt,
		       uint64_t period)
{
	uint64_t distance = reader_varint(r), form;

	*cnt = 1;
	*weight = period;
	if (distance & 1) {
		form = reader_varint(r);
		*cnt = form >> 1;
		if (form == 1) {
			*cnt = reader_varint(r);
			*weight = reader_varint(r);
		} else if (form & 1 || *cnt > UINT32_MAX ||
			   __builtin_mul_overflow(*cnt, period, weight)) {
			r->failed = true;
		}
	}
	distance >>= 1;
	if (distance >= UINT32_MAX || *number + distance >= UINT32_MAX || !*weight)
		r->failed = true;
	*number += distance;
}

void encode_samples(const struct encode_sample *s, size_t cnt, uint64_t period, struct buf *out)
{
	uint64_t next = 0;

	buf_addvarint(out, cnt);
	for (size_t i = 0; i < cnt; i++) {
		add_count(out, s[i].pair - next, s[i].weight, s[i].cnt, period);
		next = (uint64_t)s[i].pair + 1;
	}
}

int decode_samples(struct str payload, uint64_t period, struct encode_sample **ret, size_t *ret_cnt)
{
	struct encode_sample *s;
	struct reader r;
	uint64_t cnt, number = 0;

	reader_init(&r, payload.p, payload.len);
	cnt = reader_varint(&r);
	if (r.failed || cnt > reader_left(&r))
		return -EBADMSG;
	s = calloc(cnt + 1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	for (uint64_t i = 0; i < cnt && !r.failed; i++) {
		read_count(&r, &number, &s[i].weight, &s[i].cnt, period);
		s[i].pair = (uint32_t)number++;
	}
	if (r.failed || reader_left(&r)) {
		free(s);
		return -EBADMSG;
	}
	*ret = s;
	*ret_cnt = cnt;
	return 0;
}

uint64_t encode_period(const struct sample *s, size_t cnt)
{
	uint64_t period = 1, votes = 0;

	for (size_t i = 0; i < cnt; i++) {
		uint64_t candidate;

		if (!s[i].cnt || s[i].weight % s[i].cnt)
			continue;
		candidate = s[i].weight / s[i].cnt;
		if (!votes)
			period = candidate;
		if (candidate == period)
			votes++;
		else
			votes--;
	}
	return period;
}

static void add_signed(struct buf *out, uint64_t v)
{
	buf_addvarint(out, v << 1 ^ (v >> 63 ? UINT64_MAX : 0));
}

static uint64_t read_signed(struct reader *r)
{
	uint64_t v = reader_varint(r);

	return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

/* The bytes of a rate in reverse: a round number ends in zeros, which a varint then leaves out. */
static void add_double(struct buf *out, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	buf_addvarint(out, __builtin_bswap64(bits));
}

static double read_double(struct reader *r)
{
	uint64_t bits = __builtin_bswap64(reader_varint(r));
	double d;

	memcpy(&d, &bits, sizeof(d));
	if (!isfinite(d) || d < 0)
		r->failed = true;
	return d;
}

static unsigned int counter_cnt(const struct profile *p)
{
	unsigned int cnt = 0;

	for (unsigned int i = 0; i < LOSS_CNT; i++)
		cnt += p->lost[i] != 0;
	for (unsigned int i = 0; i < PRESSURE_CNT; i++)
		cnt += p->pressure[i].watched_ns ? 2 : 0;
	return cnt;
}

static void add_counters(struct buf *out, const struct profile *p)
{
	buf_addvarint(out, counter_cnt(p));
	for (unsigned int i = 0; i < LOSS_CNT; i++) {
		if (!p->lost[i])
			continue;
		buf_addvarint(out, i);
		buf_addvarint(out, p->lost[i]);
	}
	for (unsigned int i = 0; i < PRESSURE_CNT; i++) {
		if (!p->pressure[i].watched_ns)
			continue;
		buf_addvarint(out, FIRST_PRESSURE + 2 * i);
		buf_addvarint(out, p->pressure[i].stalled_ns);
		buf_addvarint(out, FIRST_PRESSURE + 2 * i + 1);
		buf_addvarint(out, p->pressure[i].watched_ns);
	}
}

/* One of a later version is not understood, but no ground to refuse the window. */
static void take_counter(struct profile *p, uint64_t number, uint64_t value)
{
	struct pressure *pressure;

	if (number < LOSS_CNT) {
		p->lost[number] = value;
	} else if (number >= FIRST_PRESSURE && number < FIRST_PRESSURE + 2 * PRESSURE_CNT) {
		pressure = &p->pressure[(number - FIRST_PRESSURE) / 2];
		*(number % 2 ? &pressure->watched_ns : &pressure->stalled_ns) = value;
	}
}

void encode_head(const struct profile *p, uint64_t period, const struct encode_total *totals,
		 size_t cnt, struct buf *out)
{
	uint64_t next = 0;

	buf_addvarint(out, p->unit);
	buf_addvarint(out, p->window_cnt);
	buf_addvarint(out, p->cpus);
	add_double(out, isfinite(p->hz) && p->hz > 0 ? p->hz : 0.0);
	add_signed(out, p->length_ns - ((uint64_t)p->end_ns - (uint64_t)p->start_ns));
	add_signed(out, p->capacity_ns - p->length_ns * p->cpus);
	buf_addvarint(out, period);
	add_counters(out, p);
	buf_addvarint(out, cnt);
	for (size_t i = 0; i < cnt; i++) {
		add_count(out, totals[i].series - next, totals[i].weight, totals[i].cnt, period);
		next = (uint64_t)totals[i].series + 1;
	}
}

static uint32_t read_u32(struct reader *r)
{
	uint64_t v = reader_varint(r);

	if (v > UINT32_MAX)
		r->failed = true;
	return (uint32_t)v;
}

static void read_header(struct reader *r, struct encode_head *h)
{
	struct profile *p = &h->p;
	uint64_t counters, number;
	uint32_t unit;

	unit = read_u32(r);
	if (unit != PROFILE_SAMPLES && unit != PROFILE_NANOSECONDS)
		r->failed = true;
	p->unit = (enum profile_unit)unit;
	p->window_cnt = read_u32(r);
	p->cpus = read_u32(r);
	p->hz = read_double(r);
	p->length_ns = read_signed(r) + ((uint64_t)p->end_ns - (uint64_t)p->start_ns);
	p->capacity_ns = read_signed(r) + p->length_ns * p->cpus;
	h->period = reader_varint(r);
	counters = reader_varint(r);
	for (uint64_t i = 0; i < counters && !r->failed; i++) {
		number = reader_varint(r);
		take_counter(p, number, reader_varint(r));
	}
}

int decode_head(struct str payload, int64_t start_ns, int64_t end_ns, struct encode_head *ret)
{
	struct encode_head h = {.p = {.start_ns = start_ns, .end_ns = end_ns}};
	uint64_t number = 0, cnt;
	struct reader r;

	reader_init(&r, payload.p, payload.len);
	read_header(&r, &h);
	cnt = reader_varint(&r);
	if (r.failed || end_ns < start_ns || cnt > reader_left(&r))
		return -EBADMSG;
	h.totals = calloc(cnt + 1, sizeof(*h.totals));
	if (!h.totals)
		return -ENOMEM;
	h.total_cnt = cnt;
	for (size_t i = 0; i < cnt && !r.failed; i++) {
		read_count(&r, &number, &h.totals[i].weight, &h.totals[i].cnt, h.period);
		h.totals[i].series = (uint32_t)number++;
		sum_add(&h.p.total_cnt, h.totals[i].cnt);
	}
	if (r.failed || reader_left(&r)) {
		encode_head_release(&h);
		return -EBADMSG;
	}
	*ret = h;
	return 0;
}

void encode_head_release(struct encode_head *h)
{
	free(h->totals);
	h->totals = NULL;
}
