/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * children.h - waits for the children of a program that forks.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <sys/wait.h>

/* 0 if there were just so many children, and each has ended with status 7. Traced as the rest is. */
static int wait_for(int expected)
{
	int status, bad = 0, count = 0;
	while (waitpid(-1, &status, 0) > 0) {
		count++;
		bad |= !WIFEXITED(status) || WEXITSTATUS(status) != 7;
	}
	return bad || count != expected;
}

#endif
