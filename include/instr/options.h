/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options.h - the grammar of INSTR_OPTIONS and of a settings file, for pass and runtime alike.
 *
 *     key=value:key=value        a single ':' or a newline separates; '::' never does (C++ names)
 *     key='any: text'            a value in single quotes is taken as it is, without the quotes
 *     # to the end of the line   a comment, in files
 *
 * Freestanding: no libc, no allocation, no static data that needs relocation at run time beyond
 * the table; usable before main and from a cold path. Thread-safe (no state but the caller's).
 */
#ifndef INSTR_OPTIONS_H
#define INSTR_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum { INSTR_SETTINGS_FILE_MAX = 1 << 20 }; /* bytes of a settings file, at most */

enum instr_option_side { INSTR_SIDE_PASS = 1, INSTR_SIDE_RUNTIME = 2, INSTR_SIDE_BOTH = 3 };
enum instr_option_kind {
	INSTR_OPTION_FLAG, INSTR_OPTION_CHOICE, INSTR_OPTION_BYTES,
	INSTR_OPTION_COUNT, INSTR_OPTION_TEXT, INSTR_OPTION_LIST,
};

enum instr_option_id {
#define INSTR_OPTION(key, side, kind, fallback, help) INSTR_OPT_##key,
#include "instr/options.def"
#undef INSTR_OPTION
	INSTR_OPTION_COUNT_ALL
};

struct instr_option {
	char key[16];
	char fallback[16];
	unsigned char side, kind;
	char help[220];
};

#define INSTR_OPTION(key, side, kind, fallback, help) \
	{#key, fallback, INSTR_SIDE_##side, INSTR_OPTION_##kind, help},
static const struct instr_option instr_options[INSTR_OPTION_COUNT_ALL] = {
#include "instr/options.def"
};
#undef INSTR_OPTION

/* One "key=value" found in a text. Pointers are into that text and are not NUL-terminated. */
struct instr_setting {
	const char *key, *value;
	size_t key_bytes, value_bytes;
};

/* Takes the next setting from *text (of *bytes) and moves both behind it. Returns 1 if there was
 * one, 0 at the end. A key without '=' has value_bytes 0 and value NULL. */
static inline int instr_next_setting(const char **text, size_t *bytes, struct instr_setting *out)
{
	const char *p = *text, *end = p + *bytes;

	for (;;) {
		while (p < end && (*p == ':' || *p == '\n' || *p == ' ' || *p == '\t' || *p == '\r'))
			p++;
		if (p < end && *p == '#')
			while (p < end && *p != '\n')
				p++;
		else
			break;
	}
	if (p == end) {
		*text = end;
		*bytes = 0;
		return 0;
	}
	out->key = p;
	while (p < end && *p != '=' && *p != ':' && *p != '\n')
		p++;
	out->key_bytes = (size_t)(p - out->key);
	while (out->key_bytes && (out->key[out->key_bytes - 1] == ' ' || out->key[out->key_bytes - 1] == '\r'))
		out->key_bytes--;
	out->value = NULL;
	out->value_bytes = 0;
	if (p < end && *p == '=') {
		p++;
		while (p < end && *p == ' ')
			p++;
		if (p < end && *p == '\'') {
			out->value = ++p;
			while (p < end && *p != '\'')
				p++;
			out->value_bytes = (size_t)(p - out->value);
			if (p < end)
				p++;
		} else {
			out->value = p;
			while (p < end && *p != '\n' && (*p != ':' || (p + 1 < end && p[1] == ':'))) {
				if (*p == ':')
					p++; /* the first half of '::' */
				p++;
			}
			out->value_bytes = (size_t)(p - out->value);
			while (out->value_bytes && (out->value[out->value_bytes - 1] == ' ' ||
						    out->value[out->value_bytes - 1] == '\r'))
				out->value_bytes--;
		}
	}
	*text = p;
	*bytes = (size_t)(end - p);
	return 1;
}

/* Whether a value must stand in single quotes to be read back as it is. */
static inline int instr_value_needs_quotes(const char *value, size_t bytes)
{
	if (bytes && (value[0] == '\'' || value[0] == ' ' || value[bytes - 1] == ' ' || value[bytes - 1] == '\r'))
		return 1;
	for (size_t i = 0; i < bytes; i++) {
		if (value[i] == '\n' || (value[i] == ':' && (i + 1 == bytes || value[i + 1] != ':')))
			return 1;
		if (value[i] == ':')
			i++; /* the first half of '::' */
	}
	return 0;
}

/* The index of a key in instr_options, or -1. */
static inline int instr_find_option(const char *key, size_t bytes)
{
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		size_t n = 0;
		while (n < bytes && instr_options[i].key[n] == key[n] && key[n])
			n++;
		if (n == bytes && !instr_options[i].key[n])
			return i;
	}
	return -1;
}

/* Levenshtein distance of two short words (at most 31 characters count). */
static inline unsigned instr_word_distance(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned char row[32];
	if (an > 31)
		an = 31;
	if (bn > 31)
		bn = 31;
	for (size_t j = 0; j <= bn; j++)
		row[j] = (unsigned char)j;
	for (size_t i = 1; i <= an; i++) {
		unsigned char diagonal = row[0];
		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= bn; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1u < best)
				best = row[j] + 1u;
			if (row[j - 1] + 1u < best)
				best = row[j - 1] + 1u;
			row[j] = (unsigned char)best;
		}
	}
	return row[bn];
}

/* The option whose key is nearest to an unknown one: an index, never -1. */
static inline int instr_nearest_option(const char *key, size_t bytes)
{
	int best = 0;
	unsigned best_distance = ~0u;
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		size_t n = 0;
		while (instr_options[i].key[n])
			n++;
		unsigned d = instr_word_distance(key, bytes, instr_options[i].key, n);
		if (d < best_distance) {
			best_distance = d;
			best = i;
		}
	}
	return best;
}

/* Value parsers. Each returns 0 and sets *out, or -1 and leaves it. */
static inline int instr_parse_number(const char *v, size_t bytes, int units, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;
	for (; i < bytes && v[i] >= '0' && v[i] <= '9'; i++) {
		if (n > (UINT64_MAX - 9) / 10)
			return -1;
		n = n * 10 + (uint64_t)(v[i] - '0');
	}
	if (!i)
		return -1;
	unsigned shift = 0;
	if (units && i < bytes) {
		char c = (char)(v[i] | 32);
		shift = c == 'k' ? 10 : c == 'm' ? 20 : c == 'g' ? 30 : 0;
		if (!shift)
			return -1;
		i++;
	}
	if (i != bytes || (shift && n >> (64 - shift)))
		return -1;
	*out = n << shift;
	return 0;
}

static inline int instr_word_is(const char *v, size_t bytes, const char *word)
{
	size_t i = 0;
	while (i < bytes && word[i] && v[i] == word[i])
		i++;
	return i == bytes && !word[i];
}

static inline int instr_parse_flag(const char *v, size_t bytes, int *out)
{
	if (instr_word_is(v, bytes, "on") || instr_word_is(v, bytes, "1") || instr_word_is(v, bytes, "yes"))
		*out = 1;
	else if (instr_word_is(v, bytes, "off") || instr_word_is(v, bytes, "0") || instr_word_is(v, bytes, "no"))
		*out = 0;
	else
		return -1;
	return 0;
}

/* The position of a word in "a|b|c". */
static inline int instr_parse_choice(const char *v, size_t bytes, const char *choices, int *out)
{
	int at = 0;
	while (*choices) {
		size_t n = 0;
		while (choices[n] && choices[n] != '|')
			n++;
		size_t i = 0;
		while (i < n && i < bytes && v[i] == choices[i])
			i++;
		if (i == n && i == bytes) {
			*out = at;
			return 0;
		}
		at++;
		choices += n + (choices[n] == '|');
	}
	return -1;
}

#endif
