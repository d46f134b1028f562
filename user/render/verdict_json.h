/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict_json.h - a verdict for programs: one object, `"version": 1`.
 *
 * Fields are added, never renamed. A level is in "unit" ("cores", "samples/s", "share"); the fields
 * that have cores in their name are null when the unit is another one, "delta", "incident" and
 * "baseline" are always there. Times are Unix seconds.
 */
#ifndef RENDER_VERDICT_JSON_H
#define RENDER_VERDICT_JSON_H

#include "base/buf.h"
#include "blame/verdict.h"
#include "render/verdict_text.h"

/* Appends one object and a newline; `view` NULL: nothing known. Errors are those of the buf. */
void verdict_json(const struct verdict *v, const struct verdict_view *view, struct buf *out);

#endif
