/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * units.c - durations, counts, sizes and shares as text.
 */
#include "cli/units.h"
#include "cli/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* value with three significant digits; the caller has chosen the unit so that 1 <= value < 1000
 * after rounding, or value is what it is above the largest unit. */
static char *three_digits(char *out, int negative, double value, const char *unit)
{
	int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(out, CLI_NUMBER_BYTES, "%s%.*f %s", negative ? "-" : "", digits, value, unit);
	return out;
}

char *cli_duration(char *out, int64_t ns)
{
	static const struct {
		double ns, end; /* end: the next unit takes over from this many of this one on */
		const char *unit, *ascii;
	} steps[] = {
		{1e3, 999.5, "\xC2\xB5s", "us"}, {1e6, 999.5, "ms", "ms"}, {1e9, 999.5, "s", "s"},
		{60e9, 119.5, "min", "min"},     {3600e9, 71.95, "h", "h"}, {86400e9, 1e300, "d", "d"},
	};
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	if (size < 1000) {
		snprintf(out, CLI_NUMBER_BYTES, "%" PRId64 " ns", ns);
		return out;
	}
	size_t i = 0;
	while ((double)size / steps[i].ns >= steps[i].end)
		i++;
	return three_digits(out, ns < 0, (double)size / steps[i].ns, cli_screen()->utf8 ? steps[i].unit : steps[i].ascii);
}

char *cli_count(char *out, int64_t count)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, count < 0 ? -(uint64_t)count : (uint64_t)count);
	char *p = out;

	if (count < 0)
		*p++ = '-';
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = 0;
	return out;
}

char *cli_bytes(char *out, int64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t size = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
	double value = (double)size / 1024;
	size_t i = 0;

	if (size < 1024) {
		snprintf(out, CLI_NUMBER_BYTES, "%" PRId64 " byte%s", bytes, size == 1 ? "" : "s");
		return out;
	}
	while (value >= 999.5 && i < 5) {
		value /= 1024;
		i++;
	}
	return three_digits(out, bytes < 0, value, units[i]);
}

char *cli_share(char *out, double part, double whole)
{
	double percent = whole ? part / whole * 100 : 0;

	if (!(whole > 0))
		strcpy(out, "-");
	else if (part > 0 && percent < 0.05)
		strcpy(out, "<0.1%");
	else
		snprintf(out, CLI_NUMBER_BYTES, "%.1f%%", percent > 1e9 ? 1e9 : percent < -1e9 ? -1e9 : percent);
	return out;
}

char *cli_counted(char *out, size_t room, int64_t count, const char *noun, const char *plural)
{
	char number[CLI_NUMBER_BYTES];
	cli_count(number, count);
	if (count == 1 || plural)
		snprintf(out, room, "%s %s", number, count == 1 ? noun : plural);
	else
		snprintf(out, room, "%s %ss", number, noun);
	return out;
}
