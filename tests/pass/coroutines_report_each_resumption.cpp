// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// At the late extension point a coroutine has been split: its parts are plain functions.
//
// REQUIRES: at-least-16
// RUN: %irxx -std=c++20 -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -std=c++20 -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clangxx -std=c++20 -O0 %s %stub -o %t.0 && %t.0 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clangxx -std=c++20 -O2 %s %stub -o %t.2 && %t.2 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-DAG: @__instr_row.{{_Z5counti(.resume)?}} =
// RAN: sum 6
// RAN: _Z5counti.resume {{.*}} enter=4 exit=4
#include <coroutine>
#include <cstdio>
struct Task {
	struct promise_type {
		int value = 0;
		Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
		std::suspend_always initial_suspend() { return {}; }
		std::suspend_always final_suspend() noexcept { return {}; }
		std::suspend_always yield_value(int v) { value = v; return {}; }
		void return_void() {}
		void unhandled_exception() {}
	};
	std::coroutine_handle<promise_type> handle;
};
__attribute__((noinline)) Task count(int n)
{
	for (int i = 1; i <= n; i++)
		co_yield i;
}
__attribute__((noinline)) int drive(Task task)
{
	int sum = 0;
	for (;;) {
		task.handle.resume();
		if (task.handle.done())
			break;
		sum += task.handle.promise().value;
	}
	task.handle.destroy();
	return sum;
}
int main()
{
	std::printf("sum %d\n", drive(count(3)));
	std::fflush(stdout);
}
