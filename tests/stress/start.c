/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start.c - stops before the first constructor of all, with a handler of SIGUSR1 in place that makes traced
 * calls; stops again before the first call of main. For stepper.c.
 */
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

UNTRACED static void before_all(void)
{
	struct sigaction a;
	memset(&a, 0, sizeof(a));
	a.sa_handler = on_signal;
	sigaction(SIGUSR1, &a, NULL);
	raise(SIGSTOP);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

UNTRACED int main(void)
{
	raise(SIGSTOP);
	f(1);
	return handled ? 7 : 8;
}
