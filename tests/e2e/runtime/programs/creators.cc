// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// creators.cc N - threads that functions create in turn by std::thread, std::jthread and std::async; a thread that make_X has
// created calls work_for_X. One creation fails.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline))
static std::atomic<int> done;
NOINLINE static void step() { done++; }
NOINLINE static void work_for_left(int) { step(); }
NOINLINE static void work_for_right(std::unique_ptr<int> p) { step(); done += *p; }
NOINLINE static void work_for_joining() { step(); }
NOINLINE static int work_for_asking() { step(); return 1; }
NOINLINE static void work_for_detached() { step(); }
struct member {
	NOINLINE void work_for_member() { step(); }
};

NOINLINE static void make_left() { std::thread t(work_for_left, 1); t.join(); }
NOINLINE static void make_right() { std::thread t(work_for_right, std::make_unique<int>(0)); t.join(); }
NOINLINE static void make_joining()
{
#if __cplusplus >= 202002L
	std::jthread t(work_for_joining);
#else
	std::thread t(work_for_joining);
	t.join();
#endif
}
NOINLINE static void make_asking() { done += std::async(std::launch::async, work_for_asking).get() - 1; }
NOINLINE static void make_member() { member m; std::thread t(&member::work_for_member, &m); t.join(); }
NOINLINE static void make_detached() { std::thread(work_for_detached).detach(); }

int main(int argc, char **argv)
{
	int n = argc > 1 ? std::atoi(argv[1]) : 20, made = 0;
	void (*const all[])() = {make_left, make_right, make_joining, make_left, make_asking, make_member};
	for (int i = 0; i < n; i++, made++)
		all[i % 6]();
	for (int i = 0; i < 30; i++, made++)
		make_detached();
	while (done < made)
		std::this_thread::yield();
	std::printf("%d threads\n", made);
	return 0;
}
