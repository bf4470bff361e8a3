/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * text.c - UTF-8 on terminals. Own width tables, so that columns line up whatever the C library's
 * locale knows; they follow Unicode's EastAsianWidth (W and F) and the general categories Mn, Me, Cf
 * by blocks, which is exact enough for names of functions.
 */
#include "cli/text.h"
#include "cli/terminal.h"

#include <string.h>

struct range {
	uint32_t first, last;
};

static const struct range zero_width[] = {
	{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
	{0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670},
	{0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED}, {0x0900, 0x0902},
	{0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31},
	{0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
	{0x2060, 0x2064}, {0x20D0, 0x20F0}, {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE00, 0xFE0F},
	{0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF},
};

static const struct range double_width[] = {
	{0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC}, {0x23F0, 0x23F0},
	{0x23F3, 0x23F3}, {0x25FD, 0x25FE}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267F, 0x267F},
	{0x2693, 0x2693}, {0x26A1, 0x26A1}, {0x26AA, 0x26AB}, {0x26BD, 0x26BE}, {0x26C4, 0x26C5},
	{0x26CE, 0x26CE}, {0x26D4, 0x26D4}, {0x26EA, 0x26EA}, {0x26F2, 0x26F3}, {0x26F5, 0x26F5},
	{0x26FA, 0x26FA}, {0x26FD, 0x26FD}, {0x2705, 0x2705}, {0x270A, 0x270B}, {0x2728, 0x2728},
	{0x274C, 0x274C}, {0x274E, 0x274E}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797},
	{0x27B0, 0x27B0}, {0x27BF, 0x27BF}, {0x2B1B, 0x2B1C}, {0x2B50, 0x2B50}, {0x2B55, 0x2B55},
	{0x2E80, 0x303E}, {0x3041, 0x3247}, {0x3250, 0x4DBF}, {0x4E00, 0xA4C6}, {0xA960, 0xA97C},
	{0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE10, 0xFE19}, {0xFE30, 0xFE6B}, {0xFF01, 0xFF60},
	{0xFFE0, 0xFFE6}, {0x16FE0, 0x18CFF}, {0x1AFF0, 0x1B2FB}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF},
	{0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335},
	{0x1F337, 0x1F37C}, {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3},
	{0x1F3E0, 0x1F3F0}, {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440},
	{0x1F442, 0x1F4FC}, {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567},
	{0x1F57A, 0x1F57A}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F},
	{0x1F680, 0x1F6C5}, {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6D7},
	{0x1F6DC, 0x1F6DF}, {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB},
	{0x1F7F0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF},
	{0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

/* Characters that change the direction or the meaning of what follows them on a terminal. */
static int is_hidden_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static int is_in(const struct range *ranges, size_t count, uint32_t c)
{
	size_t low = 0;
	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (c < ranges[middle].first)
			count = middle;
		else if (c > ranges[middle].last)
			low = middle + 1;
		else
			return 1;
	}
	return 0;
}

size_t cli_decode(const char *text, size_t bytes, uint32_t *out)
{
	const unsigned char *p = (const unsigned char *)text;
	*out = CLI_REPLACEMENT;
	if (!bytes)
		return 0;
	if (p[0] < 0x80) {
		*out = p[0];
		return 1;
	}
	size_t length = p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : 0;
	if (!length || length > bytes)
		return 1;
	uint32_t c = p[0] & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3Fu);
	}
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 1;
	*out = c;
	return length;
}

unsigned cli_character_width(uint32_t c)
{
	if (c < 0x300)
		return !(c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD);
	if (is_in(zero_width, sizeof(zero_width) / sizeof(zero_width[0]), c))
		return 0;
	return is_in(double_width, sizeof(double_width) / sizeof(double_width[0]), c) ? 2 : 1;
}

size_t cli_width(const char *text)
{
	size_t width = 0, bytes = strlen(text), taken;
	uint32_t c;
	for (; (taken = cli_decode(text, bytes, &c)); text += taken, bytes -= taken)
		width += cli_character_width(c);
	return width;
}

void cli_add_clean(struct cli_buffer *out, const char *text, size_t bytes)
{
	uint32_t c;
	size_t taken;
	for (; (taken = cli_decode(text, bytes, &c)); text += taken, bytes -= taken) {
		if (c == '\n')
			cli_add_text(out, "\\n");
		else if (c == '\t')
			cli_add_text(out, "\\t");
		else if (is_hidden_control(c))
			cli_add_format(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		else if (c == CLI_REPLACEMENT)
			cli_add_text(out, "\xEF\xBF\xBD");
		else
			cli_add(out, text, taken);
	}
}

/* Bytes at the front of text that fit into width columns; marks that combine with the last
 * character stay with it. */
static size_t front(const char *text, size_t bytes, size_t width)
{
	size_t at = 0, taken;
	uint32_t c;
	while ((taken = cli_decode(text + at, bytes - at, &c)) && cli_character_width(c) <= width) {
		width -= cli_character_width(c);
		at += taken;
	}
	return at;
}

/* Where the longest end of text begins that fits into width columns. */
static size_t back(const char *text, size_t bytes, size_t width)
{
	size_t at = bytes;
	while (at) {
		size_t before = at - 1;
		uint32_t c;
		while (before && at - before < 4 && ((unsigned char)text[before] & 0xC0) == 0x80)
			before--;
		if (cli_decode(text + before, at - before, &c) != at - before) {
			before = at - 1; /* not UTF-8: one byte at a time */
			c = CLI_REPLACEMENT;
		}
		unsigned w = cli_character_width(c);
		if (w > width)
			break;
		width -= w;
		at = before;
	}
	uint32_t c;
	size_t taken;
	while ((taken = cli_decode(text + at, bytes - at, &c)) && !cli_character_width(c))
		at += taken; /* a mark without the character that it belongs to */
	return at;
}

void cli_add_shortened(struct cli_buffer *out, const char *text, size_t width)
{
	size_t bytes = strlen(text);
	const char *mark = cli_screen()->utf8 ? "\xE2\x80\xA6" : "..";
	size_t mark_width = cli_screen()->utf8 ? 1 : 2;

	if (cli_width(text) <= width) {
		cli_add(out, text, bytes);
		return;
	}
	if (width <= mark_width) {
		cli_add(out, text, front(text, bytes, width));
		return;
	}
	/* The end of a name tells functions of one class apart, its beginning says whose it is: the
	 * odd column goes to the end. */
	size_t left = front(text, bytes, (width - mark_width) / 2);
	size_t used = 0;
	for (size_t at = 0, taken; at < left; at += taken) {
		uint32_t c;
		taken = cli_decode(text + at, left - at, &c);
		used += cli_character_width(c);
	}
	size_t right = back(text, bytes, width - mark_width - used);
	cli_add(out, text, left);
	cli_add_text(out, mark);
	cli_add_text(out, text + right);
}

void cli_add_wrapped(struct cli_buffer *out, const char *text, size_t width, size_t indent)
{
	size_t column = indent;
	int first = 1;

	while (*text) {
		size_t bytes = strcspn(text, " \n");
		struct cli_buffer word = {0};
		cli_add(&word, text, bytes);
		size_t columns = cli_width(cli_text_of(&word));
		if (!first && width && column + 1 + columns > width) {
			cli_add_text(out, "\n");
			cli_add_repeated(out, " ", indent);
			column = indent;
		} else if (!first) {
			cli_add_text(out, " ");
			column++;
		}
		cli_add_text(out, cli_text_of(&word));
		column += columns;
		first = 0;
		cli_buffer_fini(&word);
		text += bytes;
		if (*text == '\n') {
			cli_add_text(out, "\n");
			if (text[1] && text[1] != '\n')
				cli_add_repeated(out, " ", indent);
			column = indent;
			first = 1;
			text++;
		} else {
			while (*text == ' ')
				text++;
		}
	}
}

void cli_add_bar(struct cli_buffer *out, double part, double whole, size_t width)
{
	int utf8 = cli_screen()->utf8;
	size_t steps = utf8 ? 8 : 1; /* in a column */

	if (!(part > 0) || !(whole > 0))
		return;
	double share = part < whole ? part / whole : 1;
	size_t filled = (size_t)(share * (double)(width * steps) + 0.5);
	if (!filled)
		filled = 1;
	cli_add_repeated(out, utf8 ? "\xE2\x96\x88" : "#", filled / steps);
	if (filled % steps)
		cli_add_format(out, "\xE2\x96%c", (char)(0x90 - (int)(filled % steps))); /* U+258F to U+2589 */
}
