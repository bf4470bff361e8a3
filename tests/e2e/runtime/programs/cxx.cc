// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cxx.cc HOW - what C++ does outside of plain calls and returns; every count is known.
//
//     exceptions   100 exceptions through three frames, one of which rethrows
//     jumps        100 longjmps over three frames, with a setjmp that returns twice
//     moments      code before main, after main, at the end of threads
//     foreign      pthread_exit and a forced unwind through frames with destructors
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <stdexcept>
#include <thread>

static int guards;

struct Guard {
	~Guard() { guards++; }
};

extern "C" {

int thrower(int n)
{
	if (n % 2)
		throw std::runtime_error("odd");
	return n;
}

int passer(int n) // has a cleanup
{
	Guard guard;
	return thrower(n) + 1;
}

int rethrower(int n)
{
	try {
		return passer(n);
	} catch (const std::exception &) {
		throw;
	}
}

int catcher(int n)
{
	try {
		return rethrower(n);
	} catch (const std::exception &) {
		return -1;
	}
}

static jmp_buf back;

int jumper(int n)
{
	if (n % 2)
		longjmp(back, 1);
	return n;
}

int between(int n)
{
	return jumper(n) + 1;
}

int lander(int n)
{
	if (setjmp(back))
		return -1;
	return between(n);
}

int before_main(void) { return 1; }
int after_main(void) { return 2; }
int at_exit(void) { return 3; }
int in_thread(void) { return 4; }
int end_of_thread(void) { return 5; }

void leaves(int n)
{
	Guard guard;
	if (n == 0)
		pthread_exit(nullptr);
	leaves(n - 1);
}
}

struct Static {
	Static() { before_main(); }
	~Static() { after_main(); }
};
static Static one, two;

struct OfThread {
	~OfThread() { end_of_thread(); }
	int used = 0;
};
static thread_local OfThread of_thread;

static void *thread_that_leaves(void *)
{
	leaves(9);
	return nullptr;
}

int main(int, char **argv)
{
	const char *how = argv[1];
	if (!std::strcmp(how, "exceptions"))
		for (int i = 0; i < 200; i++)
			catcher(i);
	if (!std::strcmp(how, "jumps"))
		for (int i = 0; i < 200; i++)
			lander(i);
	if (!std::strcmp(how, "moments")) {
		std::atexit([] { at_exit(); });
		for (int i = 0; i < 4; i++)
			std::thread([] { in_thread(); of_thread.used = 1; }).join();
	}
	if (!std::strcmp(how, "foreign")) {
		pthread_t id;
		pthread_create(&id, nullptr, thread_that_leaves, nullptr);
		pthread_join(id, nullptr);
	}
	std::printf("%s %d\n", how, guards);
	return 0;
}
