// SPDX-License-Identifier: Apache-2.0
/* The blobs: bytes that FORMAT.md promises, round trips, and hostile bytes. */
#include "unit/store_data.h"
#include "unit/tap.h"

#include "store/dict.h"
#include "store/encode.h"

static struct str bytes_of(const struct buf *b)
{
	return (struct str){b->data ? b->data : "", b->len};
}

static bool is_bytes(const struct buf *b, const void *want, size_t len)
{
	return b->len == len && !memcmp(b->data, want, len);
}

static void test_envelope(void)
{
	static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 100000};
	struct codec c = {{NULL, NULL}};
	struct buf payload, blob, back;
	bool good = true, sealed = true, smaller = true;

	buf_init(&payload, 1 << 20);
	buf_init(&blob, 1 << 20);
	buf_init(&back, 1 << 20);
	is_u64(encode_crc32(0, "123456789", 9), 0xcbf43926, "CRC-32 of the check string");
	is_u64(encode_crc32(encode_crc32(0, "1234", 4), "56789", 5), 0xcbf43926, "…in two parts");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		buf_clear(&payload);
		for (size_t k = 0; k < sizes[i]; k++)
			buf_addch(&payload, (char)(k % 7));
		good &= !encode_pack(&c, bytes_of(&payload), STR_LIT("seal"), &blob);
		smaller &= blob.len <= payload.len + 5;
		good &= !encode_unpack(&c, bytes_of(&blob), STR_LIT("seal"), &back);
		good &= back.len == payload.len &&
			(!back.len || !memcmp(back.data, payload.data, back.len));
		sealed &= encode_unpack(&c, bytes_of(&blob), STR_LIT("sea1"), &back) == -EBADMSG;
	}
	ok(good, "what is packed is unpacked, for all sizes");
	ok(smaller, "packing costs five bytes at most");
	ok(sealed, "a blob in another row does not check");
	good = true;
	for (size_t i = 0; i < blob.len * 8; i++) {
		blob.data[i / 8] ^= (char)(1 << (i % 8));
		good &= encode_unpack(&c, bytes_of(&blob), STR_LIT("seal"), &back) == -EBADMSG;
		blob.data[i / 8] ^= (char)(1 << (i % 8));
	}
	ok(good, "each single flipped bit is found out");
	good = true;
	for (size_t i = 0; i < blob.len; i++)
		good &= encode_unpack(&c, (struct str){blob.data, i}, STR_LIT("seal"), &back) ==
			-EBADMSG;
	ok(good, "each truncation is found out");
	codec_release(&c);
	buf_release(&payload);
	buf_release(&blob);
	buf_release(&back);
}

/* A blob with a right CRC that lies about the size of what is packed in it. */
static void test_bomb(void)
{
	struct codec c = {{NULL, NULL}};
	struct buf blob, back;
	uint32_t crc;

	buf_init(&blob, 1 << 20);
	buf_init(&back, ENCODE_MAX_BYTES);
	buf_addch(&blob, 1);
	buf_addvarint(&blob, (uint64_t)1 << 40);
	buf_addstr(&blob, "not a frame");
	crc = encode_crc32(0, blob.data, blob.len);
	for (unsigned int i = 0; i < 4; i++)
		buf_addch(&blob, (char)(crc >> (8 * i)));
	is_i64(encode_unpack(&c, bytes_of(&blob), STR_LIT(""), &back), -EBADMSG,
	       "a terabyte is not believed");
	codec_release(&c);
	buf_release(&blob);
	buf_release(&back);
}

static bool same_samples(const struct encode_sample *a, const struct encode_sample *b, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++)
		if (a[i].pair != b[i].pair || a[i].weight != b[i].weight || a[i].cnt != b[i].cnt)
			return false;
	return true;
}

static void test_samples(void)
{
	const struct encode_sample in[] = {{0, 10, 1},	{1, 30, 3},
					   {70, 10, 1}, {71, 33, 3},
					   {72, 5, 0},	{4000000000, UINT64_MAX, UINT64_MAX}};
	static const char example[] = "\x03\x00\x01\x06\x88\x01";
	struct encode_sample *out = NULL;
	struct buf b;
	size_t cnt = 0;

	buf_init(&b, 1 << 20);
	encode_samples(in, 3, 10, &b);
	ok(is_bytes(&b, example, sizeof(example) - 1),
	   "bytes of three samples as FORMAT.md has them");
	buf_clear(&b);
	encode_samples(in, ARRAY_SIZE(in), 10, &b);
	is_i64(decode_samples(bytes_of(&b), 10, &out, &cnt), 0, "decode");
	is_u64(cnt, ARRAY_SIZE(in), "as many as there were");
	ok(cnt == ARRAY_SIZE(in) && same_samples(in, out, cnt),
	   "the same, odd weights and unknown counts too");
	free(out);
	is_i64(decode_samples((struct str){b.data, b.len - 1}, 10, &out, &cnt), -EBADMSG,
	       "cut off");
	buf_addch(&b, 0);
	is_i64(decode_samples(bytes_of(&b), 10, &out, &cnt), -EBADMSG, "something behind the end");
	buf_clear(&b);
	buf_addvarint(&b, UINT64_MAX);
	is_i64(decode_samples(bytes_of(&b), 10, &out, &cnt), -EBADMSG, "a count that cannot be");
	buf_clear(&b);
	buf_addvarint(&b, 1);
	buf_addvarint(&b, UINT64_MAX - 1);
	is_i64(decode_samples(bytes_of(&b), 10, &out, &cnt), -EBADMSG, "a pair beyond 32 bits");
	buf_release(&b);
}

static void test_period(void)
{
	const struct sample mixed[] = {{0, 0, 7, 2}, {0, 1, 20, 2}, {0, 2, 10, 1},
				       {0, 3, 9, 0}, {0, 4, 13, 1}, {0, 5, 50, 5}};
	const struct sample unknown[] = {{0, 0, 7, 0}};

	is_u64(encode_period(mixed, ARRAY_SIZE(mixed)), 10, "the period that most have");
	is_u64(encode_period(unknown, 1), 1, "1 when no count is known");
	is_u64(encode_period(NULL, 0), 1, "1 when there is nothing");
}

static void test_head(void)
{
	const struct encode_total totals[] = {{0, 30, 3}, {5, 7, 1}};
	struct profile p = {.unit = PROFILE_NANOSECONDS,
			    .start_ns = -5,
			    .end_ns = 5,
			    .length_ns = 9,
			    .capacity_ns = 40,
			    .window_cnt = 3,
			    .cpus = 4,
			    .hz = 99.5};
	struct encode_head h;
	struct buf b;

	p.lost[LOSS_RING_FULL] = 12;
	p.lost[LOSS_LINES_REJECTED] = 1;
	p.pressure[PRESSURE_CPU] = (struct pressure){0, 9};
	p.pressure[PRESSURE_MEMORY] = (struct pressure){UINT64_MAX, UINT64_MAX};
	buf_init(&b, 1 << 20);
	encode_head(&p, 10, totals, 2, &b);
	if (ok(!decode_head(bytes_of(&b), -5, 5, &h), "a head comes back")) {
		ok(h.p.unit == p.unit && h.p.length_ns == 9 && h.p.capacity_ns == 40 &&
			   h.p.window_cnt == 3 && h.p.cpus == 4,
		   "with its numbers");
		is_near(h.p.hz, 99.5, 0, "with its rate");
		ok(!memcmp(h.p.lost, p.lost, sizeof(p.lost)), "with its losses");
		ok(!memcmp(h.p.pressure, p.pressure, sizeof(p.pressure)), "with its pressure");
		ok(h.total_cnt == 2 && h.totals[0].series == 0 && h.totals[0].weight == 30 &&
			   h.totals[0].cnt == 3 && h.totals[1].series == 5 &&
			   h.totals[1].weight == 7 && h.totals[1].cnt == 1,
		   "with its totals");
		is_u64(h.p.total_cnt, 4, "with all samples counted");
		encode_head_release(&h);
	}
	is_i64(decode_head(bytes_of(&b), 5, -5, &h), -EBADMSG,
	       "a window that ends before it starts");
	for (size_t i = 0; i < b.len; i++)
		if (!decode_head((struct str){b.data, i}, -5, 5, &h))
			ok(false, "cut after %zu bytes", i);
	buf_release(&b);
}

/* Counters of a later version are passed over, those beside them are not. */
static void test_unknown_counters(void)
{
	static const uint8_t head[] = {2,    1,	   2, 0,
				       0,    0,	   1, /* as in FORMAT.md, rate and period simpler */
				       4,	      /* counters: */
				       0xe7, 0x07, 5, /* 999, */
				       0xff, 0x07, 6, /* 1023, */
				       0x82, 0x08, 7, /* 1026: somebody waited for I/O, */
				       0x86, 0x08, 8, /* 1030 */
				       0};
	struct encode_head h;

	if (ok(!decode_head((struct str){(const char *)head, sizeof(head)}, 0, 10, &h),
	       "a head with counters that nobody knows")) {
		is_u64(h.p.pressure[PRESSURE_IO].stalled_ns, 7, "…what is known is taken");
		is_u64(loss_samples(h.p.lost), 0, "…nothing else is");
		encode_head_release(&h);
	}
}

static void test_dict(void)
{
	struct profile *w = data_window(3, DATA_NOON, NSEC_PER_SEC, 4, 50, 20);
	uint32_t *pairs = calloc(w->sample_cnt, sizeof(*pairs)),
		 *again = calloc(w->sample_cnt, sizeof(*again));
	struct dict d, back;
	struct buf b;

	buf_init(&b, 1 << 20);
	data_must(dict_init(&d, true));
	data_must(dict_init(&back, false));
	ok(!dict_is_dirty(&d), "a new dictionary has nothing to write");
	ok(!dict_add(&d, w, pairs) && dict_is_dirty(&d), "a window brings something");
	dict_encode(&d, &b);
	ok(!dict_is_dirty(&d), "which is then written");
	ok(!dict_add(&d, w, again) && !dict_is_dirty(&d), "the same window brings nothing");
	ok(!memcmp(pairs, again, w->sample_cnt * sizeof(*pairs)), "and has the same numbers");
	is_i64(dict_decode(&back, bytes_of(&b)), 0, "a segment comes back");
	ok(!memcmp(&back.cnt, &d.cnt, sizeof(d.cnt)), "with as much in it");
	ok(!memcmp(back.nodes, d.nodes, d.cnt.nodes * sizeof(*d.nodes)) &&
		   !memcmp(back.frames, d.frames, d.cnt.frames * sizeof(*d.frames)) &&
		   !memcmp(back.pairs, d.pairs, d.cnt.pairs * sizeof(*d.pairs)),
	   "and the same in it");
	is_i64(dict_decode(&back, bytes_of(&b)), -EBADMSG, "a segment twice is refused");
	dict_release(&d);
	dict_release(&back);
	buf_release(&b);
	profile_free(w);
	free(pairs);
	free(again);
}

static struct profile *example_window(void)
{
	struct builder *b = builder_new(&builder_limits_window, PROFILE_NANOSECONDS);
	uint32_t series, main_frame, work_frame, in_main, in_work;
	struct profile *p = NULL;

	data_must(b ? 0 : -1);
	data_must(builder_process(b, STR_LIT("nginx"), &series));
	data_must(builder_frame(b, STR_LIT("main"), STR_LIT("nginx"), FRAME_USER, &main_frame));
	data_must(builder_frame(b, STR_LIT("work"), STR_LIT("nginx"), FRAME_USER, &work_frame));
	data_must(builder_stack(b, 0, main_frame, &in_main));
	data_must(builder_stack(b, in_main, work_frame, &in_work));
	data_must(builder_sample(b, series, in_main, 10000000, 1));
	data_must(builder_sample(b, series, in_work, 30000000, 3));
	builder_window(b, DATA_NOON, 10 * NSEC_PER_SEC, 2, 100);
	builder_lost(b, LOSS_RING_FULL, 5);
	data_must(builder_seal(b, &p));
	builder_free(b);
	return p;
}

static void is_blob(struct buf *payload, const uint8_t *seal, size_t seal_len, const char *hex,
		    const char *what)
{
	struct codec c = {{NULL, NULL}};
	struct buf blob, text;

	buf_init(&blob, 1 << 16);
	buf_init(&text, 1 << 16);
	data_must(encode_pack(&c, bytes_of(payload), (struct str){(const char *)seal, seal_len},
			      &blob));
	for (size_t i = 0; i < blob.len; i++)
		buf_addf(&text, "%02x", (unsigned char)blob.data[i]);
	is_str(text.data, hex, "the example of FORMAT.md: %s", what);
	codec_release(&c);
	buf_release(&blob);
	buf_release(&text);
	buf_clear(payload);
}

static void test_example(void)
{
	struct profile *p = example_window();
	const struct encode_total total = {0, 40000000, 4};
	const struct encode_sample samples[] = {{0, 10000000, 1}, {1, 30000000, 3}};
	uint64_t period = encode_period(p->samples, p->sample_cnt);
	uint8_t seal[24];
	uint32_t pairs[2];
	struct dict d;
	struct buf b;

	buf_init(&b, 1 << 16);
	encode_seal(seal, 1);
	encode_seal(seal + 8, (uint64_t)p->start_ns);
	encode_seal(seal + 16, (uint64_t)p->end_ns);
	data_must(dict_init(&d, true));
	data_must(dict_add(&d, p, pairs));
	dict_encode(&d, &b);
	is_blob(&b, seal, 8,
		"000104040504076d61696e6e67696e78776f726b70726f636573730102010201030201010201010102"
		"0001010402000200010000"
		"a6e917af",
		"a segment");
	encode_head(p, period, &total, 1, &b);
	is_blob(&b, seal, 24, "00020102c0b201000080ade2040101050101088c53d53e", "a head");
	encode_samples(samples, 2, period, &b);
	is_blob(&b, seal, 8, "0002000106f8c39388", "samples");
	dict_release(&d);
	buf_release(&b);
	profile_free(p);
}

/* Bytes that pass the CRC but were made by an enemy: nothing may be read or written out of bounds.
 */
static void test_hostile(void)
{
	struct profile *w = data_window(9, DATA_NOON, NSEC_PER_SEC, 4, 50, 20);
	uint32_t *pairs = calloc(w->sample_cnt, sizeof(*pairs));
	struct encode_sample *samples;
	struct buf seed, b;
	uint64_t state = 42;
	unsigned int accepted = 0;
	struct dict d;
	size_t cnt;

	buf_init(&seed, 1 << 20);
	buf_init(&b, 1 << 20);
	data_must(dict_init(&d, true));
	data_must(dict_add(&d, w, pairs));
	dict_encode(&d, &seed);
	dict_release(&d);
	for (unsigned int i = 0; i < 20000; i++) {
		struct encode_head h;

		buf_clear(&b);
		buf_add(&b, seed.data, seed.len - data_random(&state) % (i % 2 ? 1 : seed.len));
		for (unsigned int k = 0; k < 1 + i % 8; k++)
			b.data[data_random(&state) % b.len] = (char)data_random(&state);
		data_must(dict_init(&d, i % 3 == 0));
		accepted += !dict_decode(&d, bytes_of(&b));
		for (uint32_t n = 1; n < d.cnt.nodes; n++)
			if (d.nodes[n].parent >= n || d.nodes[n].frame >= d.cnt.frames)
				ok(false, "node %u of mutation %u", n, i);
		for (uint32_t n = 0; n < d.cnt.pairs; n++)
			if (d.pairs[n].series >= d.cnt.series || d.pairs[n].node >= d.cnt.nodes)
				ok(false, "pair %u of mutation %u", n, i);
		dict_release(&d);
		if (!decode_samples(bytes_of(&b), 1 + i, &samples, &cnt))
			free(samples);
		if (!decode_head(bytes_of(&b), 0, i, &h))
			encode_head_release(&h);
	}
	ok(accepted < 20000, "20000 mutations: %u make sense, none breaks anything", accepted);
	buf_release(&seed);
	buf_release(&b);
	profile_free(w);
	free(pairs);
}

int main(void)
{
	test_envelope();
	test_bomb();
	test_samples();
	test_period();
	test_head();
	test_unknown_counters();
	test_dict();
	test_example();
	test_hostile();
	return tap_done();
}
