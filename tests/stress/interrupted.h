/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * interrupted.h - the traced functions f, g and h, and a handler of SIGUSR1 that calls h: for programs that
 * are sent that signal while their run begins.
 */
#ifndef TESTS_STRESS_INTERRUPTED_H
#define TESTS_STRESS_INTERRUPTED_H

#include <signal.h>
#include <string.h>

#define UNTRACED __attribute__((annotate("instr_skip")))

int f(int n);
int g(int n);
int h(int n);

int f(int n) { return n + 1; }
int g(int n) { return n + 2; }
int h(int n) { return g(n) + 3; }

static volatile sig_atomic_t handled;

UNTRACED static void on_signal(int number)
{
	(void)number;
	h(1);
	handled = 1;
}

UNTRACED static void handle_signal(void)
{
	struct sigaction a;
	memset(&a, 0, sizeof(a));
	a.sa_handler = on_signal;
	sigaction(SIGUSR1, &a, NULL);
}

#endif
