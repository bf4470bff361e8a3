// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// exceptions.cc HOW - exceptions beyond one throw and one catch; every count is known. Frames of
// through.c, C with and without -fexceptions, lie between throw and catch.
//
//     through    100 exceptions through C frames and through frames without a cleanup
//     library    100 exceptions that the C++ library throws
//     again      100 exceptions that are rethrown twice, nested, and carried to another thread
//     made       100 constructors and destructors that throw
//     noexcept   an exception meets noexcept
//     uncaught   nobody catches it
//     twice      a destructor throws while an exception is under way
//     frames     through a C frame that has no unwind table
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

extern "C" {

int through_c(int (*f)(int), int n);
int through_c_that_unwinds(int (*f)(int), int n);
int through_c_without_tables(int (*f)(int), int n);

static int rounds = 100;

int thrower(int n)
{
	if (n % 2)
		throw std::runtime_error("odd");
	return n;
}

int no_cleanup(int n) { return thrower(n); }
int by_c(int n) { return through_c(no_cleanup, n); }
int by_both(int n) { return through_c_that_unwinds(by_c, n); }

void through(void)
{
	int caught = 0;
	for (int i = 0; i < 2 * rounds; i++) {
		try {
			by_both(i);
		} catch (const std::exception &) {
			caught++;
		}
	}
	std::printf("caught %d\n", caught);
}

int of_library(const char *s) { return std::stoi(s); }

void library(void)
{
	int caught = 0;
	for (int i = 0; i < rounds; i++) {
		try {
			of_library("none");
		} catch (const std::invalid_argument &) {
			caught++;
		}
	}
	std::printf("caught %d, %d\n", caught, of_library("7"));
}

int once(int n)
{
	try {
		return thrower(n);
	} catch (...) {
		throw;
	}
}

int twice(int n)
{
	try {
		return once(n);
	} catch (const std::exception &) {
		std::throw_with_nested(std::logic_error("outer"));
	}
}

void unpack(const std::exception &e, int *depth)
{
	++*depth;
	try {
		std::rethrow_if_nested(e);
	} catch (const std::exception &inner) {
		unpack(inner, depth);
	}
}

void carried(std::exception_ptr p) { std::rethrow_exception(p); }

void again(void)
{
	int depth = 0, elsewhere = 0;
	for (int i = 0; i < rounds; i++) {
		std::exception_ptr p;
		try {
			twice(1);
		} catch (const std::exception &e) {
			unpack(e, &depth);
			p = std::current_exception();
		}
		if (i % 10 == 0) {
			std::thread([&] {
				try {
					carried(p);
				} catch (const std::logic_error &) {
					elsewhere++;
				}
			}).join();
		}
	}
	std::printf("depth %d, elsewhere %d\n", depth, elsewhere);
}

int destroyed;
int note_destroyed(void) { return ++destroyed; }
}

struct Member {
	~Member() { note_destroyed(); }
};

struct Made {
	Member member;
	explicit Made(int n) { thrower(n); }
};

struct Guarded {
	Member member;
	explicit Guarded(int n)
	try : member() {
		thrower(n);
	} catch (...) {
		note_destroyed(); // and the exception goes on
	}
};

struct Leaves {
	int n;
	~Leaves() noexcept(false) { thrower(n); }
};

extern "C" {

void make(int n) { Made made(n); }
void guard(int n) { Guarded guarded(n); }
void leave(int n) { Leaves leaves{n}; }

void made(void)
{
	void (*const all[])(int) = {make, guard, leave};
	int caught = 0;
	for (int i = 0; i < rounds; i++) {
		for (auto *f : all) {
			try {
				f(i);
			} catch (const std::exception &) {
				caught++;
			}
		}
	}
	std::printf("caught %d, destroyed %d\n", caught, destroyed);
}

struct Says {
	~Says() { std::puts("a destructor ran"); }
};

void passes(int n)
{
	Says says;
	thrower(n);
}

void careful(int n) noexcept { passes(n); }
void careless(int n) { passes(n); }

void twice_thrown(int n)
{
	struct Bad {
		int n;
		~Bad() noexcept(false) { thrower(n); }
	} bad{n};
	thrower(n);
}
}

int main(int, char **argv)
{
	const char *how = argv[1];
	std::setvbuf(stdout, nullptr, _IOLBF, 0);
	if (!std::strcmp(how, "through"))
		through();
	if (!std::strcmp(how, "library"))
		library();
	if (!std::strcmp(how, "again"))
		again();
	if (!std::strcmp(how, "made"))
		made();
	if (!std::strcmp(how, "noexcept"))
		careful(1);
	if (!std::strcmp(how, "uncaught"))
		careless(1);
	if (!std::strcmp(how, "twice")) {
		try {
			twice_thrown(1);
		} catch (...) {
			std::puts("not to be seen");
		}
	}
	if (!std::strcmp(how, "frames"))
		through_c_without_tables(no_cleanup, 1);
	return 0;
}
