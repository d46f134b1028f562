/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heat_data.h - the moments of a heat map as the bytes that a page carries: base64 of a gzip member.
 * The reader is page/heat_data.js.
 *
 * What is inside, all numbers LEB128 unless said otherwise:
 *	"CPH1"
 *	length of the facts, the facts: a JSON object
 *		{"wall": are times by the wall clock (else since perf's clock began), "first": the
 *		 second at which the map begins, "seconds": how many it has, "length": seconds that
 *		 were watched or 0, "timed": samples with a time, "samples": all of them, "period":
 *		 weight of each sample, 0 when they differ}
 *	moments	how many, N, by step and node, no pair twice; then one column after the other:
 *		step	N distances to the step before: 20 ms each, from the map's begin
 *		node	N numbers of nodes in the block of html_data.h
 *		count	N numbers of samples
 *		weight	N weights; only when the period is 0
 */
#ifndef RENDER_HEAT_DATA_H
#define RENDER_HEAT_DATA_H

#include "render/heat.h"

/* `node_of_sample`: the page's node for each of the profile's samples. Appends. 0, -ENOMEM, -EIO or the
 * buf's error. */
int must_check heat_data(const struct profile *p, const struct heat_span *span,
			 const uint32_t *node_of_sample, struct buf *out);

/* How many moments that would be, or -ENOMEM. */
int must_check heat_data_cnt(const struct profile *p, const uint32_t *node_of_sample, size_t *ret);

#endif
