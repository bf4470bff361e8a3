/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * program.c - known numbers of calls: of a static function, of a global one, and of a library's, both
 * directly and through a pointer (whose address is a stub of the program if that is not PIE). With an
 * argument it forks, and the child calls functions that its parent never called.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int library_sum(int n);
int library_pointed_to(int x);

static int (*volatile pointer)(int);

__attribute__((noinline)) static int leaf(int x) { return x * 3 + 1; }

__attribute__((noinline)) int middle(int x)
{
	int sum = 0;
	for (int i = 0; i < 4; i++)
		sum += leaf(x + i);
	return sum;
}

__attribute__((noinline)) static int of_the_child(int x) { return leaf(x) + library_sum(2); }

int main(int argc, char **argv)
{
	int sum = 0;
	(void)argv;
	pointer = library_pointed_to;
	for (int i = 0; i < 25; i++)
		sum += middle(i);
	for (int i = 0; i < 7; i++)
		sum += pointer(i);
	sum += library_sum(50);
	printf("%d\n", sum);
	fflush(stdout);
	if (argc > 1) {
		pid_t child = fork();
		if (!child)
			return of_the_child(1) != 5;
		int status;
		waitpid(child, &status, 0);
		return status != 0;
	}
	return 0;
}
