/* SPDX-License-Identifier: Apache-2.0 */
/* ls_json.h - culprit ls for programs. */
#ifndef TOOLS_LS_JSON_H
#define TOOLS_LS_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/times.h"
#include "store/store.h"

/* {"version":1,"blocks":[…],"series":[…],"lost":{…}}; at most `top` series (0: all), the busiest first. */
void ls_json_info(const struct store_info *info, uint64_t top, struct buf *out);

/* {"version":1,"windows":[…]}: those of the range. 0 or -errno with a line in err. */
int must_check ls_json_windows(struct store *s, struct time_range range, struct buf *out,
			       struct err *err);

#endif
