/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cli_test.c - the pieces that every command-line tool is made of: numbers with units, UTF-8 on
 * terminals, names in few columns, near words. What they make together is in the golden cases.
 */
#include "check.h"

#include <stdlib.h>

#include "cli/buffer.h"
#include "cli/options.h"
#include "cli/spool.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/text.h"
#include "cli/units.h"
#include "report/report.h"

__attribute__((constructor(101))) static void set_up(void)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	cli_start("cli_test");
}

#define IS(call, text)                                  \
	do {                                            \
		char number[CLI_NUMBER_BYTES];          \
		CHECK_STR(call, text);                  \
	} while (0)

TEST(durations_have_three_digits_and_the_right_unit)
{
	IS(cli_duration(number, 0), "0 ns");
	IS(cli_duration(number, 999), "999 ns");
	IS(cli_duration(number, 1000), "1.00 µs");
	IS(cli_duration(number, 9994), "9.99 µs");
	IS(cli_duration(number, 9995), "10.0 µs");
	IS(cli_duration(number, 99949), "99.9 µs");
	IS(cli_duration(number, 99950), "100 µs");
	IS(cli_duration(number, 999499), "999 µs");
	IS(cli_duration(number, 999500), "1.00 ms");
	IS(cli_duration(number, 999499999), "999 ms");
	IS(cli_duration(number, 999500000), "1.00 s");
	IS(cli_duration(number, 999499999999), "999 s");
	IS(cli_duration(number, 999500000000), "16.7 min");
	IS(cli_duration(number, 7169999999999), "119 min");
	IS(cli_duration(number, 7170000000000), "1.99 h");
	IS(cli_duration(number, 86400000000000), "24.0 h");
	IS(cli_duration(number, 302400000000000), "3.50 d");
	IS(cli_duration(number, INT64_MAX), "106752 d");
	IS(cli_duration(number, -1500), "-1.50 µs");
	IS(cli_duration(number, INT64_MIN), "-106752 d");
}

TEST(durations_grow_with_their_numbers)
{
	/* Read back, a greater duration never looks smaller than a lesser one. */
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
	double last = -1;
	for (double ns = 1; ns < 1e18; ns *= 1.003) {
		char text[CLI_NUMBER_BYTES], *end;
		double value = strtod(cli_duration(text, (int64_t)ns), &end);
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (!strcmp(end + 1, units[i].unit))
				value *= units[i].ns;
		CHECK(value >= last);
		CHECK(value > ns * 0.99 - 1 && value < ns * 1.01 + 1);
		last = value;
	}
}

TEST(counts_keep_every_digit)
{
	IS(cli_count(number, 0), "0");
	IS(cli_count(number, 999), "999");
	IS(cli_count(number, 1000), "1,000");
	IS(cli_count(number, 1203911), "1,203,911");
	IS(cli_count(number, -1203911), "-1,203,911");
	IS(cli_count(number, INT64_MAX), "9,223,372,036,854,775,807");
	IS(cli_count(number, INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(sizes_and_shares_and_plurals_read_well)
{
	char text[64];
	IS(cli_bytes(number, 0), "0 bytes");
	IS(cli_bytes(number, 1), "1 byte");
	IS(cli_bytes(number, 1023), "1023 bytes");
	IS(cli_bytes(number, 1024), "1.00 KiB");
	IS(cli_bytes(number, 1023488), "0.98 MiB");
	IS(cli_bytes(number, 8 << 20), "8.00 MiB");
	IS(cli_bytes(number, INT64_MAX), "8.00 EiB");
	IS(cli_share(number, 1, 3), "33.3%");
	IS(cli_share(number, 0, 3), "0.0%");
	IS(cli_share(number, 0.0001, 3), "<0.1%");
	IS(cli_share(number, 3, 3), "100.0%");
	IS(cli_share(number, 3, 0), "-");
	CHECK_STR(cli_counted(text, sizeof(text), 1, "thread", NULL), "1 thread");
	CHECK_STR(cli_counted(text, sizeof(text), 0, "thread", NULL), "0 threads");
	CHECK_STR(cli_counted(text, sizeof(text), 2000, "process", "processes"), "2,000 processes");
}

TEST(only_utf8_is_decoded_as_utf8)
{
	static const struct {
		const char *bytes;
		uint32_t character;
		size_t length;
	} cases[] = {
		{"a", 'a', 1},
		{"\xC3\xA9", 0xE9, 2},
		{"\xE8\xA8\x88", 0x8A08, 3},
		{"\xF0\x9F\x98\x80", 0x1F600, 4},
		{"\xF4\x8F\xBF\xBF", 0x10FFFF, 4},
		{"\xF4\x90\x80\x80", CLI_REPLACEMENT, 1}, /* above U+10FFFF */
		{"\xC0\xAF", CLI_REPLACEMENT, 1},         /* overlong '/' */
		{"\xE0\x80\xAF", CLI_REPLACEMENT, 1},
		{"\xED\xA0\x80", CLI_REPLACEMENT, 1},     /* a surrogate */
		{"\x80", CLI_REPLACEMENT, 1},
		{"\xE8\xA8", CLI_REPLACEMENT, 1},         /* cut off */
		{"\xFF", CLI_REPLACEMENT, 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t c;
		CHECK_EQ(cli_decode(cases[i].bytes, strlen(cases[i].bytes), &c), cases[i].length);
		CHECK_EQ(c, cases[i].character);
	}
	uint32_t c;
	CHECK_EQ(cli_decode("", 0, &c), 0);
}

TEST(widths_are_those_of_a_terminal)
{
	CHECK_EQ(cli_width("abc"), 3);
	CHECK_EQ(cli_width("größe"), 5);
	CHECK_EQ(cli_width("計算"), 4);
	CHECK_EQ(cli_width("e\xCC\x81"), 1);
	CHECK_EQ(cli_width("\xF0\x9F\x98\x80"), 2);
	CHECK_EQ(cli_width("\xE2\x94\x9C "), 2);
}

static const char *shortened(void (*shorten)(struct cli_buffer *, const char *, size_t), const char *text, size_t width)
{
	static struct cli_buffer out;
	cli_buffer_clear(&out);
	shorten(&out, text, width);
	return cli_text_of(&out);
}

static const char *bar(double part, double whole, size_t width)
{
	static struct cli_buffer out;
	cli_buffer_clear(&out);
	cli_add_bar(&out, part, whole, width);
	return cli_text_of(&out);
}

TEST(bar_is_as_long_as_its_share)
{
	CHECK_STR(bar(0, 8, 4), "");
	CHECK_STR(bar(1, 0, 4), "");
	CHECK_STR(bar(-1, 8, 4), "");
	CHECK_STR(bar(8, 8, 4), "\u2588\u2588\u2588\u2588");
	CHECK_STR(bar(9, 8, 4), "\u2588\u2588\u2588\u2588");
	CHECK_STR(bar(4, 8, 4), "\u2588\u2588");
	CHECK_STR(bar(1, 1000, 4), "\u258f");
	CHECK_STR(bar(3, 32, 4), "\u258d");
	CHECK_STR(bar(15, 32, 4), "\u2588\u2589");
}

TEST(shortened_text_has_the_width_asked_for)
{
	static const char *const texts[] = {"abcdefghijklmnop", "計算計算計算計算", "größe_größe_größe", "\u00e9\u0301e\u0301e\u0301e\u0301",
					    "ab計cd算ef", "x"};
	CHECK_STR(shortened(cli_add_shortened, "abcdefghij", 10), "abcdefghij");
	CHECK_STR(shortened(cli_add_shortened, "abcdefghij", 7), "abc…hij");
	CHECK_STR(shortened(cli_add_shortened, "abcdefghij", 6), "ab…hij");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t width = 0; width < 20; width++) {
			const char *text = shortened(cli_add_shortened, texts[i], width);
			CHECK(cli_width(text) <= width);
			/* At most a half of a wide character is wasted on either side. */
			CHECK(cli_width(text) + 2 >= (width < cli_width(texts[i]) ? width : cli_width(texts[i])));
		}
}

TEST(names_give_up_what_tells_least)
{
	static const char vector[] = "std::vector<int, std::allocator<int> >::insert(const_iterator, int const&)";
	CHECK_STR(shortened(report_shorten_name, vector, 60), "std::vector<int, std::allocator<int> >::insert(…)");
	CHECK_STR(shortened(report_shorten_name, vector, 40), "std::vector<…>::insert(…)");
	CHECK_STR(shortened(report_shorten_name, vector, 24), "…::vector<…>::insert(…)");
	CHECK_STR(shortened(report_shorten_name, vector, 20), "…::insert(…)");
	CHECK_STR(shortened(report_shorten_name, "f(int, long)", 8), "f(…)");
	CHECK_STR(shortened(report_shorten_name, "f()", 3), "f()");
	CHECK_STR(shortened(report_shorten_name, "a::operator()(int, int) const", 25), "a::operator()(…) const");
	CHECK_STR(shortened(report_shorten_name, "Stream::operator<<(std::pair<int, int>)", 25), "Stream::operator<<(…)");
	CHECK_STR(shortened(report_shorten_name, "(anonymous namespace)::f(int)", 28), "(anonymous namespace)::f(…)");
	CHECK_STR(shortened(report_shorten_name, "main::{lambda(int, int)#1}::operator()(int, int) const", 48),
		  "main::{lambda(int, int)#1}::operator()(…) const");
	CHECK_STR(shortened(report_shorten_name, "plain_c_function_with_a_long_name", 17), "plain_c_…ong_name");
	CHECK_STR(shortened(report_shorten_name, "unbalanced<<(((((((((((((((", 12), "unbalanced<…");
	CHECK_STR(shortened(report_shorten_name, ">>>>))))::::::::", 9), ">>>>…::::");
}

TEST(no_name_makes_shortening_overrun)
{
	/* Brackets and colons in any order: the width holds, whatever is meant. */
	static const char parts[] = "<>(){}[]::,a ";
	uint64_t seed = 42;
	for (int round = 0; round < 20000; round++) {
		char name[48];
		size_t bytes = (size_t)(seed >> 33) % (sizeof(name) - 1);
		for (size_t i = 0; i < bytes; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			name[i] = parts[(seed >> 33) % (sizeof(parts) - 1)];
			if (name[i] == 'a' && i + 8 < bytes && seed & 1 << 20) {
				memcpy(name + i, "operator", 8);
				i += 7;
			}
		}
		name[bytes] = 0;
		seed++;
		for (size_t width = 1; width < 48; width += 5)
			CHECK(cli_width(shortened(report_shorten_name, name, width)) <= width);
	}
}

TEST(controls_do_not_reach_the_terminal)
{
	struct cli_buffer out = {0};
	static const char hostile[] = "a\x1b[31mb\x07\tc\nd\x7f\xC2\x9B\xE2\x80\xAE\xFFz";
	cli_add_clean(&out, hostile, sizeof(hostile) - 1);
	CHECK_STR(cli_text_of(&out), "a\\x1b[31mb\\x07\\tc\\nd\\x7f\\x9b\\u202e\xEF\xBF\xBDz");
	for (const char *p = cli_text_of(&out); *p; p++)
		CHECK((unsigned char)*p >= 0x20 && *p != 0x7F);
	cli_buffer_fini(&out);
}

TEST(lines_break_at_blanks)
{
	struct cli_buffer out = {0};
	cli_add_wrapped(&out, "one two three four", 9, 2);
	CHECK_STR(cli_text_of(&out), "one two\n  three\n  four");
	cli_buffer_clear(&out);
	cli_add_wrapped(&out, "a_word_longer_than_the_line and more", 10, 0);
	CHECK_STR(cli_text_of(&out), "a_word_longer_than_the_line\nand more");
	cli_buffer_clear(&out);
	cli_add_wrapped(&out, "no limit at all", 0, 4);
	CHECK_STR(cli_text_of(&out), "no limit at all");
	cli_buffer_fini(&out);
}

TEST(a_table_never_exceeds_its_width_while_it_can_shrink)
{
	static const struct cli_column columns[] = {
		{.title = "number"}, {.title = "optional", .drop = 1}, {.title = "more", .drop = 2},
		{.title = "name", .left = 1, .comfort = 12},
	};
	for (size_t width = 16; width < 80; width++) {
		struct cli_table *table = cli_table_create(columns, 4);
		struct cli_buffer out = {0};
		for (int row = 0; row < 3; row++) {
			cli_cell(table, CLI_PLAIN, row ? "12" : "123456");
			cli_cell(table, CLI_PLAIN, "yes");
			cli_cell_format(table, CLI_PLAIN, "%d.%d", row, row);
			cli_cell_parts(table, CLI_PLAIN, "| ", row == 1 ? "short" : "a_rather_long_name_of_something", "place");
		}
		cli_table_print(table, &out, width, 0);
		char *line = strtok(out.data, "\n");
		for (; line; line = strtok(NULL, "\n")) {
			CHECK(cli_width(line) <= width);
			CHECK(line[strlen(line) - 1] != ' ');
		}
		cli_buffer_fini(&out);
		cli_table_destroy(table);
	}
}

static size_t given_out, given_lines;

static void count_lines(struct cli_buffer *out)
{
	for (size_t i = 0; i < out->bytes; i++)
		given_lines += out->data[i] == '\n';
	given_out += out->bytes;
	cli_buffer_clear(out);
}

TEST(a_table_of_many_rows_is_printed_as_one_of_few)
{
	static const struct cli_column columns[] = {{.title = "n"}, {.title = "name", .left = 1}};
	enum { ROWS = 400000, WIDTH = 6 + 2 + 10 + 2 + 5 };
	struct cli_table *table = cli_table_create(columns, 2);
	struct cli_buffer out = {.outlet = count_lines};

	for (int row = 0; row < ROWS; row++) {
		if (row == ROWS / 2)
			cli_line(table, CLI_PLAIN, "half");
		cli_cell_format(table, CLI_PLAIN, "%d", row);
		cli_cell_parts(table, CLI_PLAIN, NULL, "0123456789", "place");
	}
	CHECK_EQ(cli_table_lines(table), ROWS + 2);
	cli_table_print(table, &out, 0, 0);
	CHECK(given_out > 0 && out.bytes < CLI_OUTLET_BYTES);
	CHECK_STR(strrchr(cli_text_of(&out), 'p') - (WIDTH - 5), "399999  0123456789  place\n");
	count_lines(&out);
	CHECK_EQ(given_lines, ROWS + 2);
	CHECK_EQ(given_out, strlen("     n  name\n") + strlen("half\n") + (size_t)ROWS * (WIDTH + 1));
	cli_buffer_fini(&out);
	cli_table_destroy(table);
}

TEST(a_spool_gives_back_what_was_put_from_memory_and_from_its_file)
{
	static char large[CLI_SPOOL_MEMORY / 2 + 1];
	struct cli_spool spool = {0};
	struct cli_buffer text = {0};

	memset(large, 'x', sizeof(large) - 1);
	for (int i = 0; i < 4; i++) {
		cli_spool_put(&spool, &i, sizeof(i));
		cli_spool_put_text(&spool, large);
		cli_spool_put_text(&spool, "");
	}
	CHECK(spool.file != NULL);
	for (int turn = 0; turn < 2; turn++) {
		cli_spool_rewind(&spool);
		for (int i = 0, number; i < 4; i++) {
			cli_spool_take(&spool, &number, sizeof(number));
			CHECK_EQ(number, i);
			cli_spool_take_text(&spool, &text);
			CHECK(!strcmp(cli_text_of(&text), large));
			cli_spool_take_text(&spool, &text);
			CHECK_STR(cli_text_of(&text), "");
		}
	}
	cli_buffer_fini(&text);
	cli_spool_fini(&spool);
}

TEST(near_words_are_proposed_and_far_ones_not)
{
	static const char *const words[] = {"top", "tree", "info", "sort", "format", "show-sql"};
	CHECK_STR(cli_nearest("topp", words, 6), "top");
	CHECK_STR(cli_nearest("form", words, 6), "format");
	CHECK_STR(cli_nearest("sorted", words, 6), "sort");
	CHECK_STR(cli_nearest("showsql", words, 6), "show-sql");
	CHECK(!cli_nearest("nonsense-altogether", words, 6));
	CHECK(!cli_nearest("xyz", words, 0));
}

TEST_MAIN()
