/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * off.cc - all ways into functions and out of them: calls, exceptions, jumps, setjmp, threads, a fork child, and a program that it
 * starts (itself, with OFF_CHILD as its settings).
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

static jmp_buf place;
static volatile int sink;

int leaf(int x) { return x + 1; }
int twice(int x) { return leaf(leaf(x)); }
void thrower() { throw 1; }
void middle() { thrower(); }
void catcher()
{
	try {
		middle();
	} catch (int) {
		sink = leaf(sink);
	}
}
void jumper() { longjmp(place, 1); }
void below() { jumper(); }
void setter()
{
	if (!setjmp(place))
		below();
	sink = leaf(sink);
}
void round_of_all()
{
	for (int i = 0; i < 100; i++)
		sink = twice(sink);
	catcher();
	setter();
}

int main(int argc, char **argv)
{
	round_of_all();
	if (argc > 1)
		return 0;
	std::thread(round_of_all).join();
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		round_of_all();
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	if (const char *settings = getenv("OFF_CHILD")) {
		child = fork();
		if (!child) {
			setenv("INSTR_OPTIONS", settings, 1);
			execl("/proc/self/exe", argv[0], "child", nullptr);
			_exit(1);
		}
		int other = 0;
		waitpid(child, &other, 0);
		status |= other;
	}
	puts(status ? "failed" : "done");
	return 0;
}
