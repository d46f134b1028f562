/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - the closed-form part of blame: tails, evidence, how many recurrences it takes.
 *
 * All logarithms are natural; evidence is in nats. Pure functions. The formulas are explained, with
 * what was measured, in README.md of this folder.
 */
#ifndef BLAME_EVIDENCE_H
#define BLAME_EVIDENCE_H

#include "base/compiler.h"

/* Share of recurrences that even the true cause is allowed to miss (wrong labels, noise). */
#define BLAME_EPS 0.15

/* A hit counts from a little below the weakest of the hits: the label may cut off some of its rise. */
#define EVIDENCE_MARGIN 0.85

/* From which level on a process that usually has `usual` is as busy as in an incident with `level`. */
double evidence_busy_from(double level, double usual);

/* So many misses may be labels that are wrong. */
#define EVIDENCE_EXCUSES 2

/* What it costs, in nats, to take one busy time of the baseline for an incident without a label when
 * `left` others stay: if it is none, there are as many of its kind as what stays lets expect. */
double evidence_excuse_cost(uint32_t left);

/* Takes one busy time for each miss, up to EVIDENCE_EXCUSES, from *busy. Returns the cost. */
double evidence_excuse(uint32_t misses, uint32_t *busy);

/*
 * f: how often a process is that busy outside the incidents, from `busy` of `blocks` baseline
 * blocks. `weight` (0..1] is how many independent blocks one of them is worth: the half observation
 * that stands for what was never seen then weighs more. 0.5 when there is no block at all.
 */
double evidence_tail(double busy, double blocks, double weight);

/*
 * The same for a small set whose own tail is not worth more than the whole history's: f of the set,
 * drawn towards f_all with the strength of five blocks.
 */
double evidence_tail_near(double busy, double blocks, double f_all);

/* Nats for "tied to the incidents" after so many independent hits and misses. Misses never count
 * in favour. */
double evidence_log_bf(double f, unsigned int hits, unsigned int misses);

/*
 * What ranks a process when the incidents share a clock: `with` is its log_bf by all reference sets,
 * `without` by all but the phases. An innocent one is tied by luck, or it keeps the same clock, as one in
 * twenty does; only then are the phases all that can tell. Never below `with`, at most 3 nats above.
 */
double evidence_for_rank(double with, double without);

/*
 * Chance that an innocent process is as busy, seen against its own history, in at least `hits` of
 * `hits + misses` incidents. f is known from `blocks` blocks only: the chance is averaged over what
 * f may be (beta-binomial), which is more than f^hits when the history is short.
 */
double evidence_luck(double f, double blocks, unsigned int hits, unsigned int misses);

/* What choosing the number of allowed misses afterwards costs, in nats. */
double evidence_choice_cost(unsigned int recurrences);

/* ln(N / allowed error): the evidence from which a process is linked. */
double evidence_threshold(uint32_t entities, double allowed_error);

/*
 * Recurrences after which the posterior of the true cause passes 1 - allowed_error: ceil(ln((N -
 * 1)(1 - a) / a) / ln((1 - eps) / f)); -1 when no number of them would do (f too large).
 */
int64_t evidence_recurrences(uint32_t entities, double f, double eps, double allowed_error);

/* The same by the rule that links (threshold, choice cost, at least two). */
int64_t evidence_recurrences_to_link(uint32_t entities, double f, double allowed_error);

/* Innocent processes expected to match as well by luck, choice of misses included: E_false. */
double evidence_false_matches(uint32_t entities, double f, double blocks, unsigned int hits,
			      unsigned int misses);

/* Recurrences after which both hold, the tie and E_false <= allowed error: what NEED-MORE promises;
 * -1 when no number would do. */
int64_t evidence_recurrences_to_name(uint32_t entities, double f, double blocks,
				     double allowed_error);

/* Baseline blocks that would do with the recurrences at hand if none of them were busy; 0 when no
 * history helps (fewer than two recurrences, more than a million blocks). */
double evidence_blocks_to_name(uint32_t entities, unsigned int recurrences, double allowed_error);

#endif
