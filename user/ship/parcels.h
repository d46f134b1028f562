/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parcels.h - a window as what is pushed of it: one pprof for each set of labels, in pieces that a
 * backend takes.
 *
 *	window ─► series with the same pushed labels are one ─► pieces within the limits ─► pprof, gzip
 *
 * Labels of a parcel: __name__, service_name, node, process, and of the window's series namespace,
 * pod, container, container_id, pod_uid, unit where they have them; then those of the policy, which
 * go before. service_name is namespace/container, else the systemd unit, else the process, so that
 * it names a service and never a pod. At most max_processes processes have a series of their own,
 * the busiest ones of the window; the rest is process "other": what a backend indexes stays
 * bounded. Texts become valid UTF-8 of at most 2048 bytes, names fit [a-zA-Z_][a-zA-Z0-9_]*.
 *
 * Stacks: a backend cuts off the innermost frames of those deeper than 1000, which is where the time
 * goes; here their middle becomes one frame, "[…]".
 *
 * Pieces: a backend refuses more than 16,000 samples or 4 MiB, and one whose rate limit has a burst
 * of 2 MiB can never take a larger one (Pyroscope, pkg/validation/limits.go). Pieces of the same
 * labels and time would be taken for duplicates: each bears the window's start plus its number, in
 * nanoseconds.
 *
 * A pure function: the same window and policy always give the same bytes, so that what is sent
 * twice can be recognised.
 */
#ifndef SHIP_PARCELS_H
#define SHIP_PARCELS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/intern.h"
#include "format/push.h"
#include "model/profile.h"

#define PARCEL_MAX_LABELS  30 /* __name__ included; Pyroscope's limit of a series */
#define PARCEL_MAX_SAMPLES 15000
#define PARCEL_MAX_DEPTH   1000
#define PARCEL_MAX_BYTES   ((size_t)3 << 19) /* of the pprof before gzip */

struct parcel_policy {
	struct str node;		 /* the machine's name; empty: no such label */
	const struct push_label *labels; /* more of them; names are valid and distinct */
	size_t label_cnt;
	uint32_t max_processes; /* 0: 50 */
	size_t max_samples;	/* 0: PARCEL_MAX_SAMPLES */
	size_t max_bytes;	/* 0: PARCEL_MAX_BYTES */
};

struct parcel {
	struct push_label labels[PARCEL_MAX_LABELS]; /* sorted by name; texts are the parcels' */
	size_t label_cnt;
	struct buf profile;  /* pprof, gzip */
	size_t plain_bytes;  /* of it before gzip */
	uint64_t sample_cnt; /* samples that it stands for */
};

struct parcels {
	struct parcel *items;
	size_t cnt, cap;
	struct intern sets; /* private: sets of labels as bytes, into which the labels point */
};

/* Is this a name that every backend takes for a label? */
bool parcel_label_is_valid(struct str name);

/* -EINVAL: the window does not weigh in nanoseconds, has no time, or more labels than a series may;
 * -ENOMEM.
 * A window without samples gives no parcel. parcels_release() afterwards, also after a failure. */
int must_check parcels_make(const struct profile *window, const struct parcel_policy *policy,
			    struct parcels *ret, struct err *err);
void parcels_release(struct parcels *p); /* a zeroed one is fine */

#endif
