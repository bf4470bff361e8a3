/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * progress.c - a program that takes longer than a second says that it works and for how long, in a line of the terminal that
 * is gone when the answer comes.
 */
#include "cli/terminal.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { SILENT_MS = 1000, EVERY_MS = 250 };

static int64_t began_ms, shown_ms; /* 0: not yet */
static int over;

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_works(void)
{
	if (over)
		return;
	int64_t now = now_ms();
	if (!began_ms) {
		over = !isatty(STDERR_FILENO);
		began_ms = now;
	}
	if (over || now - began_ms < SILENT_MS || now - shown_ms < EVERY_MS)
		return;
	shown_ms = now;
	fprintf(stderr, "\r%s: reading, %lld s\033[K", cli_name(), (long long)(now - began_ms) / 1000);
	fflush(stderr);
}

void cli_has_worked(void)
{
	if (shown_ms && !over)
		fputs("\r\033[K", stderr);
	over = 1;
}
