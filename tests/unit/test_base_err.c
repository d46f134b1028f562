// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include "unit/tap.h"

int main(void)
{
	char big[3000];
	struct err err;

	is_i64(err_set(&err, EINVAL, "%s: line %d", "file", 3), -EINVAL, "returns -code");
	is_str(err.text, "file: line 3", "the message is formatted");
	is_i64(err_set(&err, -ENOENT, "x"), -ENOENT, "a code that is negative already stays so");
	is_i64(err_set(NULL, EIO, "%d", 1), -EIO, "without an err the words are dropped");
	is_i64(err_prefix(NULL, EIO, "%d", 1), -EIO, "…there, too");

	(void)err_set(&err, EIO, "bad byte");
	is_i64(err_prefix(&err, EIO, "%s", "a.pb"), -EIO, "a prefix returns -code");
	is_str(err.text, "a.pb: bad byte", "…and stands in front");

	(void)err_set(&err, EIO,
		      "a\nb\x1b[31mc\x7f"
		      "d\te");
	is_str(err.text, "a?b?[31mc?d?e", "control characters are replaced");
	(void)err_set(&err, EIO, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5");
	is_str(err.text, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\xa5", "UTF-8 stays");
	(void)err_set(&err, EIO,
		      "a\xc2\x9b"
		      "31mb\x9b"
		      "c\xff");
	is_str(err.text, "a??31mb?c?", "C1 control characters and bytes that are no UTF-8 do not");

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	(void)err_set(&err, EIO, "%s", big);
	is_u64(strlen(err.text), sizeof(err.text) - 1, "what is too long is cut");
	(void)err_prefix(&err, EIO, "head");
	ok(!strncmp(err.text, "head: xxx", 9) && strlen(err.text) == sizeof(err.text) - 1,
	   "a prefix to a full message pushes its end out");
	(void)err_set(&err, EIO, "tail");
	(void)err_prefix(&err, EIO, "%s", big);
	is_u64(strlen(err.text), sizeof(err.text) - 1, "a prefix that is too long is cut");
	return tap_done();
}
