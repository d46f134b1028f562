// SPDX-License-Identifier: Apache-2.0
#include "render/markdown_words.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "render/label.h"

void markdown_add_name(struct buf *out, struct str name, size_t room)
{
	struct buf clean;

	buf_init(&clean, 1U << 16);
	label_add(&clean, name, room);
	buf_addch(out, '`');
	for (size_t i = 0; i < clean.len; i++) {
		if (clean.data[i] == '`')
			buf_addch(out, '\'');
		else if (clean.data[i] == '|')
			buf_addstr(out, "\\|");
		else
			buf_addch(out, clean.data[i]);
	}
	buf_addch(out, '`');
	if (buf_error(&clean))
		out->error = buf_error(&clean);
	buf_release(&clean);
}

void markdown_add_text(struct buf *out, struct str text)
{
	struct buf clean;

	buf_init(&clean, 1U << 20);
	text_add_clean(&clean, text);
	for (size_t i = 0; i < clean.len; i++) {
		char c = clean.data[i];

		if (strchr("\\`*_[]<>|~&", c) && c) {
			/* names of programs are full of underscores that are none */
			bool inside = c == '_' && i && i + 1 < clean.len &&
				      isalnum((unsigned char)clean.data[i - 1]) &&
				      isalnum((unsigned char)clean.data[i + 1]);

			buf_addstr(out, inside ? "" : "\\");
		}
		buf_addch(out, c);
	}
	if (buf_error(&clean))
		out->error = buf_error(&clean);
	buf_release(&clean);
}
