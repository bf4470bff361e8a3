/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * one.cc - with two.cc a program that calls, known numbers of times, a function of every class for
 * which independent counts differ in what they see: the variants of constructors and destructors,
 * implicit members, thunks, global initialisers, inlined functions, statics of one name in two
 * files; and calls that end by exception, longjmp and exit.
 */
#include "shared.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

struct noisy {
	NOINLINE noisy(int x) : x(x) {}
	NOINLINE ~noisy() { printf("end %d\n", x); }
	int x;
};

NOINLINE int same_name(int x)
{
	asm volatile("");
	return x * 2;
}

NOINLINE int before_main()
{
	return 7;
}

} // namespace

static noisy first(1);
static noisy several[3] = {noisy(10), noisy(11), noisy(12)};
static int initialised = before_main();
static thread_local noisy per_thread(initialised * 100);

static NOINLINE int same_static(int x)
{
	asm volatile("");
	return x + 1;
}

static NOINLINE int thrower(int x)
{
	noisy on_the_stack(x);

	if (x % 2)
		throw x;
	return x;
}

static NOINLINE int catcher(int x)
{
	try {
		return thrower(x);
	} catch (int thrown) {
		return -thrown;
	}
}

static jmp_buf back;

static NOINLINE void jumper(int depth)
{
	if (depth == 0)
		longjmp(back, 1);
	jumper(depth - 1);
	asm volatile("");
}

static NOINLINE int jumps(int rounds)
{
	volatile int done = 0;

	if (setjmp(back))
		done = done + 1;
	if (done < rounds)
		jumper(3);
	return done;
}

static NOINLINE int even(int n);

static NOINLINE int odd(int n)
{
	return n == 0 ? 0 : even(n - 1);
}

static NOINLINE int even(int n)
{
	return n == 0 ? 1 : odd(n - 1);
}

static NOINLINE int thread_work(int n)
{
	int sum = per_thread.x;

	for (int i = 0; i < n; i++)
		sum += recurse(3) + same_name(i) + shared_inline(i);
	return sum;
}

static NOINLINE void leave(int code)
{
	std::string open_at_exit = "kept";

	printf("leaving %s\n", open_at_exit.c_str());
	exit(code);
}

int main()
{
	int sum = 0, results[4];
	both object(5), copy(object);
	right *through = &copy;
	implicit_parts parts, more(parts), assigned;
	std::vector<std::thread> threads;
	auto lambda = [](int x) { return same_static(x); };
	int (*plain)(int) = lambda;

	assigned = more;
	for (int i = 0; i < 5; i++) {
		sum += through->turn() + through->self()->b + nowhere(i) + per_file(i);
		sum += shared_template(i) + shared_inline(i) + same_name(i) + plain(i);
	}
	sum += (int)shared_template(2.5) + (int)assigned.name.size();
	for (int i = 0; i < 6; i++)
		sum += catcher(i);
	sum += jumps(4) + even(101) + run_other(9) + recurse(6);
	{
		inherits from_base(3), second(from_base);

		sum += second.v;
		delete static_cast<right *>(new both(6));
	}
	for (int i = 0; i < 4; i++)
		threads.emplace_back([i, &results] { results[i] = thread_work(200 * (i + 1)); });
	for (int i = 0; i < 4; i++)
		threads[i].join();
	for (int i = 0; i < 4; i++)
		sum += results[i];
	printf("sum %d\n", sum);
	leave(3);
}
