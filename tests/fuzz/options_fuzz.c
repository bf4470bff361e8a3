/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * options_fuzz.c - any bytes as INSTR_OPTIONS or a settings file: every setting found lies in the text,
 * each takes some of it, and what is found is found again when it is written as the pass writes it. For
 * libFuzzer; without it fuzz_main.c makes the inputs.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "instr/options.h"

static void check_values(const struct instr_setting *s)
{
	uint64_t number = 0;
	int flag = -1, choice = -1, id = instr_find_option(s->key, s->key_bytes);

	FUZZ_CHECK(instr_nearest_option(s->key, s->key_bytes) >= 0);
	FUZZ_CHECK(id < INSTR_OPTION_COUNT_ALL);
	if (id >= 0)
		FUZZ_CHECK(strlen(instr_options[id].key) == s->key_bytes && instr_nearest_option(s->key, s->key_bytes) == id);
	if (instr_parse_flag(s->value, s->value_bytes, &flag) == 0)
		FUZZ_CHECK(flag == 0 || flag == 1);
	if (instr_parse_choice(s->value, s->value_bytes, "call|keep", &choice) == 0)
		FUZZ_CHECK(choice >= 0 && choice < 2 && s->value_bytes == 4);
	/* Units only make it greater; a number without one is the same either way. */
	if (instr_parse_number(s->value, s->value_bytes, 0, &number) == 0) {
		uint64_t same = ~number;
		FUZZ_CHECK(instr_parse_number(s->value, s->value_bytes, 1, &same) == 0 && same == number);
	}
}

static size_t write_setting(char *to, const struct instr_setting *s)
{
	size_t used = 0;
	int quote = instr_value_needs_quotes(s->value, s->value_bytes);

	to[used++] = ':';
	memcpy(to + used, s->key, s->key_bytes);
	used += s->key_bytes;
	if (!s->value)
		return used;
	to[used++] = '=';
	if (quote)
		to[used++] = '\'';
	memcpy(to + used, s->value, s->value_bytes);
	used += s->value_bytes;
	if (quote)
		to[used++] = '\'';
	return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	/* A copy of its very size: reading behind it is seen. */
	char *copy = malloc(bytes ? bytes : 1), *again = malloc(bytes * 2 + 16);
	const char *text = copy;
	size_t left = bytes;
	struct instr_setting s, t;

	FUZZ_CHECK(copy && again);
	if (bytes)
		memcpy(copy, data, bytes);
	while (instr_next_setting(&text, &left, &s)) {
		FUZZ_CHECK(text > s.key && text <= copy + bytes && left == (size_t)(copy + bytes - text));
		FUZZ_CHECK(s.key >= copy && s.key + s.key_bytes <= text);
		if (s.value)
			FUZZ_CHECK(s.value > s.key && s.value + s.value_bytes <= text);
		else
			FUZZ_CHECK(s.value_bytes == 0);
		check_values(&s);
		if (s.value && memchr(s.value, '\'', s.value_bytes) && instr_value_needs_quotes(s.value, s.value_bytes))
			continue; /* no text says that value */
		const char *p = again;
		size_t n = write_setting(again, &s);
		FUZZ_CHECK(instr_next_setting(&p, &n, &t) && !instr_next_setting(&p, &n, &(struct instr_setting){0}));
		FUZZ_CHECK(t.key_bytes == s.key_bytes && !memcmp(t.key, s.key, s.key_bytes));
		FUZZ_CHECK(!t.value == !s.value && t.value_bytes == s.value_bytes);
		if (s.value_bytes)
			FUZZ_CHECK(!memcmp(t.value, s.value, s.value_bytes));
	}
	FUZZ_CHECK(left == 0);
	free(copy);
	free(again);
	return 0;
}
