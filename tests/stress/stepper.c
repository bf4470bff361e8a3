/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stepper.c STEPS PROGRAM - runs PROGRAM, which stops itself twice by SIGSTOP; stops it between these at
 * most STEPS times more, before and behind each system call, then sends it SIGUSR1 and lets it go. Prints
 * how often it was stopped. Exit status 0 if PROGRAM ended with 7.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long most = argc > 2 ? atol(argv[1]) : 0, n = 0;
	int status, number;
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[2], argv + 2);
		_exit(9);
	}
	waitpid(pid, &status, 0); /* exec */
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	waitpid(pid, &status, 0); /* the first stop */
	while (n < most) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return 2;
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		n++;
	}
	number = SIGUSR1;
	while (ptrace(PTRACE_CONT, pid, NULL, (long)number) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		number = WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
	printf("%ld\n", n);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 7)
		return 0;
	fprintf(stderr, "status %x after %ld steps\n", status, n);
	return 1;
}
