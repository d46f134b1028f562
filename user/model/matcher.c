// SPDX-License-Identifier: Apache-2.0
#include "model/matcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define MAX_TERMS 64

struct term {
	char *text; /* owned; key and value point into it */
	struct str key, value;
	bool negated;
};

struct matcher {
	struct term terms[MAX_TERMS];
	size_t cnt;
};

struct matcher *matcher_new(void)
{
	return calloc(1, sizeof(struct matcher));
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->cnt; i++)
		free(m->terms[i].text);
	free(m);
}

int matcher_add(struct matcher *m, struct str term, struct err *err)
{
	const char *eq = term.len ? memchr(term.p, '=', term.len) : NULL;
	struct term *t;
	size_t key_len;

	if (!eq || eq == term.p || (eq == term.p + 1 && eq[-1] == '!'))
		return err_set(err, EINVAL,
			       "'%.*s' is not a label match (want key=value or key!=value)",
			       (int)term.len, term.p);
	if (m->cnt == MAX_TERMS)
		return err_set(err, E2BIG, "more than %d label matches", MAX_TERMS);
	t = &m->terms[m->cnt];
	t->text = mem_strndup(term.p, term.len);
	if (!t->text)
		return err_set(err, ENOMEM, "out of memory");
	key_len = (size_t)(eq - term.p);
	t->value = (struct str){t->text + key_len + 1, term.len - key_len - 1};
	t->negated = t->text[key_len - 1] == '!';
	t->key = (struct str){t->text, key_len - t->negated};
	m->cnt++;
	return 0;
}

static bool term_holds(const struct term *t, struct str value)
{
	return str_eq(value, t->value) != t->negated;
}

bool matcher_term(const struct matcher *m, size_t i, struct matcher_term *ret)
{
	if (!m || i >= m->cnt)
		return false;
	*ret = (struct matcher_term){m->terms[i].key, m->terms[i].value, m->terms[i].negated};
	return true;
}

bool matcher_is_empty(const struct matcher *m)
{
	return !m || !m->cnt;
}

bool matcher_accepts(const struct matcher *m, const struct profile *p, uint32_t series)
{
	for (size_t i = 0; m && i < m->cnt; i++)
		if (!term_holds(&m->terms[i], profile_label(p, series, m->terms[i].key)))
			return false;
	return true;
}

bool matcher_accepts_labels(const struct matcher *m, const struct str (*labels)[2], size_t n)
{
	for (size_t i = 0; m && i < m->cnt; i++) {
		struct str value = {NULL, 0};

		for (size_t k = 0; k < n; k++)
			if (str_eq(labels[k][0], m->terms[i].key))
				value = labels[k][1];
		if (!term_holds(&m->terms[i], value))
			return false;
	}
	return true;
}
