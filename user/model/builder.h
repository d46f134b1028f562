/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builder.h - the only way to make a struct profile: put things in, in any order, then seal.
 *
 * Everything is deduplicated on the way in, so that the same stack from a thousand samples is
 * stored once. The tables have ceilings (builder_limits); a builder that is full refuses with
 * -ENOSPC, and the caller counts the loss. Used by the agent's windows, by every reader of a
 * format, by the store and to merge profiles.
 *
 * Not thread-safe; one owner.
 */
#ifndef MODEL_BUILDER_H
#define MODEL_BUILDER_H

#include "model/matcher.h"
#include "model/profile.h"

struct builder_limits {
	uint32_t max_strings, max_frames, max_nodes, max_series;
	size_t max_string_bytes, max_samples, max_moments;
};

extern const struct builder_limits
	builder_limits_window; /* one window of an agent: tens of MiB at most */
extern const struct builder_limits
	builder_limits_file; /* a file or a range that a person asked for */

#define BUILDER_MAX_LABELS 64 /* of one series */

struct builder;

struct builder *builder_new(const struct builder_limits *limits,
			    enum profile_unit unit); /* NULL: no memory */
void builder_free(struct builder *b);
enum profile_unit builder_unit(const struct builder *b); /* as it was made */

/* Each returns 0, -ENOSPC at a ceiling or -ENOMEM; *ret_id is written on success only. Strings are
 * copied. */
int must_check builder_string(struct builder *b, struct str s, uint32_t *ret_id);
/* Borrows, until the next seal. */
struct str builder_text(const struct builder *b, uint32_t string);
int must_check builder_frame(struct builder *b, struct str name, struct str module,
			     enum frame_kind kind, uint32_t *ret_id);

/* A line of source, as builder_frame_at() takes it; `file` may be empty, the others 0. */
struct source_line {
	struct str file;
	uint32_t line, start;
};

/* A frame that is at a line: another one than the same function's at another line. */
int must_check builder_frame_at(struct builder *b, struct str name, struct str module,
				enum frame_kind kind, const struct source_line *at,
				uint32_t *ret_id);
/* That of another profile, with its line. */
int must_check builder_copy_frame(struct builder *b, const struct profile *p, uint32_t frame,
				  uint32_t *ret_id);
int must_check builder_stack(struct builder *b, uint32_t parent, uint32_t frame,
			     uint32_t *ret_node);

/* Labels in any order; of a repeated key the last counts; empty values are left out. */
int must_check builder_series(struct builder *b, const struct str (*labels)[2], size_t cnt,
			      uint32_t *ret_id);

/* Shorthand for {process=name}. */
int must_check builder_process(struct builder *b, struct str name, uint32_t *ret_id);

/* Adds to what (series, node) has already. A weight of 0 is ignored. */
int must_check builder_sample(struct builder *b, uint32_t series, uint32_t node, uint64_t weight,
			      uint64_t cnt);

/*
 * Some of what builder_sample() was given for (series, node) was taken in the step of time that
 * at_ns lies in; see struct moment. Nothing is added to the weight. A cnt of 0 is ignored. With
 * -ENOSPC or -ENOMEM the sample stays, without its time.
 */
int must_check builder_moment(struct builder *b, uint32_t series, uint32_t node, int64_t at_ns,
			      uint64_t weight, uint32_t cnt);

/* One more window of time is covered. length_ns 0 = unknown, start_ns 0 = nobody knows when. Here and
 * everywhere below, sums stop at the largest number there is. */
void builder_window(struct builder *b, int64_t start_ns, uint64_t length_ns, uint32_t cpus,
		    double hz);

/* A number that is no reason is dropped: it comes from a file. */
void builder_lost(struct builder *b, enum loss reason, uint64_t cnt);

/* Some of the time that is covered was watched for waits. */
void builder_pressure(struct builder *b, enum pressure_resource resource,
		      const struct pressure *pressure);

/*
 * Adds all of a profile: samples and moments of the accepted series (NULL: all), its windows and
 * losses.
 * -EINVAL when the units differ. After a failure the builder holds a part and should be freed.
 */
int must_check builder_add_profile(struct builder *b, const struct profile *p,
				   const struct matcher *m);

/*
 * Adds what a profile says of itself (windows, length, capacity, CPUs, rate, losses, pressure), without its
 * samples. `p` may be a bare struct that holds nothing else. For readers that bring the samples one
 * by one with builder_sample().
 */
void builder_add_header(struct builder *b, const struct profile *p);

/* Gives out what was put in as an owned profile, and empties the builder for the next window. 0 or
 * -ENOMEM. */
int must_check builder_seal(struct builder *b, struct profile **ret_profile);

#endif
