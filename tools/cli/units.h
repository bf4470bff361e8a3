/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * units.h - numbers as people read them. Each function writes into out, which holds
 * CLI_NUMBER_BYTES, and returns it.
 */
#ifndef TOOLS_CLI_UNITS_H
#define TOOLS_CLI_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define CLI_NUMBER_BYTES 40

/* Three significant digits and a unit: "0 ns", "999 ns", "1.23 µs", "45.6 ms", "789 s", "16.7 min",
 * "3.43 h", "3.50 d". "us" where the terminal is not UTF-8. */
char *cli_duration(char *out, int64_t ns);
/* Every digit, in groups of three: "1,203,911". */
char *cli_count(char *out, int64_t count);
/* "0 bytes", "1 byte", "999 bytes", "1.21 KiB", "8.00 MiB". */
char *cli_bytes(char *out, int64_t bytes);
/* part of whole: "31.2%", "0.0%" only for nothing, "<0.1%" for next to nothing, "-" where whole is 0. */
char *cli_share(char *out, double part, double whole);
/* "1 thread", "2,000 threads". plural NULL: the noun and an s. */
char *cli_counted(char *out, size_t room, int64_t count, const char *noun, const char *plural);

#endif
