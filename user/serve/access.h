/* SPDX-License-Identifier: Apache-2.0 */
/* access.h - who may ask, by what is in the head of a request. */
#ifndef SERVE_ACCESS_H
#define SERVE_ACCESS_H

#include "base/compiler.h"

/* Is "Bearer TOKEN" (NULL: no such header) with the token that the file holds? The file is read for
 * each call; one that cannot be read, or is empty, lets nobody in. */
bool access_has_token(const char *token_file, const char *authorization);

/* Is the name in a Host header one that only this machine answers to? */
bool access_is_local_name(const char *host);

#endif
