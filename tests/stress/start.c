/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start.c - stops before the first constructor of all, with a handler of SIGUSR1 in place that makes traced
 * calls; stops again before the first call of main. For stepper.c.
 */
#include "interrupted.h"

UNTRACED static void before_all(void)
{
	handle_signal();
	raise(SIGSTOP);
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

UNTRACED int main(void)
{
	raise(SIGSTOP);
	f(1);
	return handled ? 7 : 8;
}
