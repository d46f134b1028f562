/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syntax.h - is this text well-formed XML, is this text JSON? Strict and small, for tests: both
 * answer with NULL or with where it goes wrong.
 */
#ifndef TESTS_SYNTAX_H
#define TESTS_SYNTAX_H

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SYNTAX_MAX_DEPTH 64

static const char *syntax_at(const char *text, const char *p, const char *what)
{
	static char where[160];

	(void)snprintf(where, sizeof(where), "%s at byte %zu: %.60s", what, (size_t)(p - text), p);
	return where;
}

/* One entity reference; where it ends, NULL when it is none. */
static const char *xml_reference(const char *p)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return p + strlen(known[i]);
	return NULL;
}

/* Attributes up to the '>'; where that is, NULL when they are not well-formed. */
static const char *xml_attributes(const char *p)
{
	while (*p && *p != '>') {
		char quote;

		if (*p == '/' && p[1] == '>')
			return p + 1;
		if (*p == '?' && p[1] == '>')
			return p + 1;
		if (*p++ != ' ')
			return NULL;
		while (isalnum((unsigned char)*p) || *p == '-' || *p == ':')
			p++;
		if (*p++ != '=')
			return NULL;
		quote = *p++;
		if (quote != '"')
			return NULL;
		while (*p && *p != quote) {
			if (*p == '<')
				return NULL;
			p = *p == '&' ? xml_reference(p) : p + 1;
			if (!p)
				return NULL;
		}
		if (!*p++)
			return NULL;
	}
	return *p ? p : NULL;
}

__attribute__((unused)) static const char *xml_broken(struct str doc)
{
	const char *open[SYNTAX_MAX_DEPTH], *text = doc.p, *p = text, *end;
	size_t depth = 0, len[SYNTAX_MAX_DEPTH], roots = 0;

	if (!utf8_valid(doc) || strlen(text) != doc.len)
		return "not UTF-8, or a NUL in it";
	while (*p) {
		if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t')
			return syntax_at(text, p, "control character");
		if (*p == '&') {
			end = xml_reference(p);
			if (!end)
				return syntax_at(text, p, "entity");
			p = end;
			continue;
		}
		if (*p != '<') {
			if (!depth && *p != '\n')
				return syntax_at(text, p, "text outside");
			p++;
			continue;
		}
		if (!strncmp(p, "<![CDATA[", 9)) {
			p = strstr(p, "]]>");
			if (!p)
				return "open CDATA";
			p += 3;
			continue;
		}
		if (p[1] == '/') {
			if (!depth-- || strncmp(p + 2, open[depth], len[depth]) ||
			    p[2 + len[depth]] != '>')
				return syntax_at(text, p, "end tag");
			p += 3 + len[depth];
			continue;
		}
		end = p + 1 + (p[1] == '?');
		if (depth == SYNTAX_MAX_DEPTH)
			return "too deep";
		open[depth] = end;
		while (isalnum((unsigned char)*end))
			end++;
		len[depth] = (size_t)(end - open[depth]);
		end = xml_attributes(end);
		if (!len[depth] || !end)
			return syntax_at(text, p, "tag");
		roots += !depth && p[1] != '?';
		depth += end[-1] != '/' && end[-1] != '?';
		p = end + 1;
	}
	if (depth || roots != 1)
		return "elements left open, or not one root";
	return NULL;
}

struct json_scan {
	const char *p;
	int depth;
};

static bool json_value(struct json_scan *s);

static bool json_string(struct json_scan *s)
{
	if (*s->p++ != '"')
		return false;
	while (*s->p != '"') {
		if ((unsigned char)*s->p < 0x20)
			return false;
		if (*s->p == '\\') {
			s->p++;
			if (*s->p == 'u') {
				for (int i = 1; i <= 4; i++)
					if (!isxdigit((unsigned char)s->p[i]))
						return false;
				s->p += 4;
			} else if (!*s->p || !strchr("\"\\/bfnrt", *s->p)) {
				return false;
			}
		}
		s->p++;
	}
	s->p++;
	return true;
}

static bool json_digits(struct json_scan *s)
{
	const char *from = s->p;

	while (isdigit((unsigned char)*s->p))
		s->p++;
	return s->p > from;
}

static bool json_number(struct json_scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (*s->p == '0' && isdigit((unsigned char)s->p[1]))
		return false;
	if (!json_digits(s))
		return false;
	if (*s->p == '.') {
		s->p++;
		if (!json_digits(s))
			return false;
	}
	if (*s->p == 'e' || *s->p == 'E') {
		s->p++;
		if (*s->p == '+' || *s->p == '-')
			s->p++;
		return json_digits(s);
	}
	return true;
}

static void json_blank(struct json_scan *s)
{
	while (*s->p == ' ' || *s->p == '\n')
		s->p++;
}

static bool json_members(struct json_scan *s, char close)
{
	s->p++;
	json_blank(s);
	if (*s->p == close) {
		s->p++;
		return true;
	}
	for (;; s->p++) {
		json_blank(s);
		if (close == '}') {
			if (!json_string(s))
				return false;
			json_blank(s);
			if (*s->p++ != ':')
				return false;
		}
		if (!json_value(s))
			return false;
		json_blank(s);
		if (*s->p == close) {
			s->p++;
			return true;
		}
		if (*s->p != ',')
			return false;
	}
}

static bool json_value(struct json_scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	bool held;

	json_blank(s);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strncmp(s->p, words[i], strlen(words[i])) != 0)
			continue;
		s->p += strlen(words[i]);
		return true;
	}
	if (*s->p == '"')
		return json_string(s);
	if (*s->p != '{' && *s->p != '[')
		return json_number(s);
	if (++s->depth > SYNTAX_MAX_DEPTH)
		return false;
	held = json_members(s, *s->p == '{' ? '}' : ']');
	s->depth--;
	return held;
}

__attribute__((unused)) static const char *json_broken(struct str doc)
{
	struct json_scan s = {.p = doc.p};

	if (!utf8_valid(doc) || strlen(doc.p) != doc.len)
		return "not UTF-8, or a NUL in it";
	if (!json_value(&s))
		return syntax_at(doc.p, s.p, "value");
	json_blank(&s);
	return *s.p ? syntax_at(doc.p, s.p, "text behind the value") : NULL;
}

#endif
