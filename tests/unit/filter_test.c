/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * filter_test.c - globs of the runtime mean what those of fnmatch mean, and rows are switched off by them.
 */
#include "check.h"
#include "roll.h"

#include "control/control.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int matches(const char *pattern, const char *text)
{
	return irt_glob_matches(pattern, pattern + strlen(pattern), text);
}

TEST(globs_are_those_of_fnmatch)
{
	static const char *const pieces[] = {
		"a", "b", "c", "/", "-", "]", "!", "*", "?", "*", "[ab]", "[!ab]", "[^c]", "[a-c]", "[]a]", "[!]]", "[b-]", "[-b]", "[\\]a]",
		"\\*", "\\a", "\\[", "\\\\",
	};
	static const char characters[] = "abc-]/[*\\!";
	int matched = 0;

	for (int turn = 0; turn < 1000000; turn++) {
		char pattern[64] = "", text[9];
		size_t n = roll(6), m = roll(7);
		for (size_t i = 0; i < n; i++)
			strcat(pattern, pieces[roll(sizeof(pieces) / sizeof(*pieces))]);
		for (size_t i = 0; i < m; i++)
			text[i] = characters[roll(sizeof(characters) - 1)];
		text[m] = 0;
		if (matches(pattern, text) != !fnmatch(pattern, text, 0))
			CHECK_FAIL("'%s' and '%s': %d", pattern, text, matches(pattern, text));
		matched += matches(pattern, text);
	}
	CHECK(matched > 10000);
}

TEST(a_set_without_an_end_is_what_it_is)
{
	CHECK(matches("operator[", "operator[") && !matches("operator[", "operatora"));
	CHECK(matches("a[!b", "a[!b") && matches("*[", "x["));
	CHECK(matches("a\\", "a\\"));
}

TEST(many_stars_take_no_time)
{
	char pattern[2001], text[5001];
	for (int i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[2000] = 0;
	memset(text, 'a', 4999);
	text[4999] = 'b';
	text[5000] = 0;
	CHECK(!matches(pattern, text));
}

/* A module as the compiler plugin makes it: texts behind the rows, by their distance from each row. */
static struct {
	struct instr_row rows[5];
	char texts[5][2][32];
} image;

static struct instr_module a_module(void)
{
	static const struct { const char *name, *file; uint32_t kind; } functions[5] = {
		{"parse", "/home/me/src/net/tcp.c", INSTR_ROW_FUNCTION}, {"_ZN5Table6insertEi", "/home/me/src/table.cc", INSTR_ROW_FUNCTION},
		{"parse", "/home/me/src/net/tcp.c", INSTR_ROW_ALLOC_SITE}, {"parse_all", "/home/me/other/net.c", INSTR_ROW_FUNCTION},
		{"nowhere", "", INSTR_ROW_FUNCTION},
	};
	for (int i = 0; i < 5; i++) {
		strcpy(image.texts[i][0], functions[i].name);
		strcpy(image.texts[i][1], functions[i].file);
		image.rows[i] = (struct instr_row){
			.name = (int32_t)(image.texts[i][0] - (char *)&image.rows[i]),
			.file = *functions[i].file ? (int32_t)(image.texts[i][1] - (char *)&image.rows[i]) : 0,
			.flags = functions[i].kind,
		};
	}
	return (struct instr_module){.rows_begin = image.rows, .rows_end = image.rows + 5};
}

/* Which rows are off, as digits. */
static const char *off_by(const char *const *globs, uint64_t *which)
{
	static char digits[6];
	struct instr_module module = a_module();

	irt_filter_clear();
	for (; *globs; globs++)
		CHECK(irt_filter_add(*globs, strlen(*globs)));
	*which = irt_filter_module(&module);
	for (int i = 0; i < 5; i++)
		digits[i] = image.rows[i].flags & INSTR_ROW_OFF ? '1' : '0';
	return digits;
}

TEST(rows_are_switched_off_by_name_and_by_file)
{
	uint64_t which, other;

	CHECK_STR(off_by((const char *[]){NULL}, &which), "00000");
	CHECK_EQ(which, 0u);
	CHECK_STR(off_by((const char *[]){"parse", NULL}, &which), "10000"); /* a site is none */
	CHECK(which != 0);
	CHECK_STR(off_by((const char *[]){"parse*", NULL}, &other), "10010");
	CHECK(other != 0 && other != which);
	CHECK_STR(off_by((const char *[]){"*Table*", "nowhere", NULL}, &other), "01001");
	CHECK_STR(off_by((const char *[]){"net/*", NULL}, &other), "10000");
	CHECK_EQ(other, which); /* the same rows, however they were named */
	CHECK_STR(off_by((const char *[]){"/home/*", NULL}, &other), "11010");
	CHECK_STR(off_by((const char *[]){"/src/*", NULL}, &other), "00000");
	CHECK_STR(off_by((const char *[]){"src/*", NULL}, &other), "11000");
	CHECK_STR(off_by((const char *[]){"*", NULL}, &other), "11011");
}

TEST(as_many_globs_as_a_file_holds)
{
	enum { MANY = 3000 };
	static char names[MANY][16];
	struct instr_module module = a_module();

	irt_filter_clear();
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "function_%d", i);
		CHECK(irt_filter_add(names[i], strlen(names[i])));
	}
	CHECK_EQ(irt_filter_module(&module), 0u);
	CHECK(irt_filter_add("parse", 5));
	CHECK(irt_filter_module(&module) != 0);
}

TEST_MAIN()
