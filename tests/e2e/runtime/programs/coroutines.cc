// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coroutines.cc HOW - C++20 coroutines. Each resumption is a call, of a function of its own name.
//
//     values    a generator that is resumed 1001 times; one that is destroyed half way
//     throws    a coroutine whose body throws on its tenth resumption
//     transfer  two coroutines that pass control to each other 1000 times (symmetric transfer)
//     threads   one coroutine, resumed by ten threads in turn
#include <coroutine>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

static int destroyed;

struct Noted {
	~Noted() { destroyed++; }
};

struct Task {
	struct promise_type {
		int value = 0;
		std::exception_ptr error;
		Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
		std::suspend_always initial_suspend() noexcept { return {}; }
		std::suspend_always final_suspend() noexcept { return {}; }
		std::suspend_always yield_value(int v)
		{
			value = v;
			return {};
		}
		void return_void() {}
		void unhandled_exception() { error = std::current_exception(); }
	};
	std::coroutine_handle<promise_type> handle;
};

extern "C" int leaf(int n) { return n; }

Task count(int n)
{
	Noted noted;
	for (int i = 1; i <= n; i++)
		co_yield leaf(i);
}

Task fails(int n)
{
	Noted noted;
	for (int i = 1;; i++) {
		if (i == n)
			throw std::runtime_error("enough");
		co_yield leaf(i);
	}
}

extern "C" long drive(Task task)
{
	long sum = 0;
	for (;;) {
		task.handle.resume();
		if (task.handle.done())
			break;
		sum += task.handle.promise().value;
	}
	return sum;
}

static void values()
{
	Task all = count(1000), half = count(1000);
	std::printf("sum %ld\n", drive(all));
	for (int i = 0; i < 500; i++)
		half.handle.resume();
	half.handle.destroy();
	all.handle.destroy();
	std::printf("destroyed %d\n", destroyed);
}

static void throws()
{
	Task task = fails(10);
	long sum = drive(task);
	std::printf("sum %ld, %s\n", sum, task.handle.promise().error ? "failed" : "did not fail");
	task.handle.destroy();
	std::printf("destroyed %d\n", destroyed);
}

struct To {
	std::coroutine_handle<> next;
	bool await_ready() noexcept { return false; }
	std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept { return next; }
	void await_resume() noexcept {}
};

static std::coroutine_handle<> one, two;

Task ping(int n)
{
	for (int i = 0; i < n; i++) {
		leaf(i);
		co_await To{two};
	}
}

Task pong(int n)
{
	for (int i = 0; i < n; i++) {
		leaf(i);
		co_await To{one};
	}
}

static void transfer()
{
	Task a = ping(1000), b = pong(1000);
	one = a.handle;
	two = b.handle;
	one.resume();
	std::printf("%s, %s\n", a.handle.done() ? "done" : "not done", b.handle.done() ? "done" : "not done");
	a.handle.destroy();
	b.handle.destroy();
}

static void threads()
{
	Task task = count(10);
	for (int i = 0; i < 10; i++)
		std::thread([&] { task.handle.resume(); }).join();
	std::printf("value %d\n", task.handle.promise().value);
	task.handle.destroy();
}

int main(int, char **argv)
{
	const char *how = argv[1];
	if (!std::strcmp(how, "values"))
		values();
	if (!std::strcmp(how, "throws"))
		throws();
	if (!std::strcmp(how, "transfer"))
		transfer();
	if (!std::strcmp(how, "threads"))
		threads();
	return 0;
}
