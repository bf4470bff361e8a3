/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * own_locks.cc HOW [THREADS] - locks of a program's own: one that spins, with methods, one for readers and writers, of
 * functions, and one that gives up after a while. With -DSETTINGS nothing is said of them in the source.
 *
 *     counts   threads take and try them; out, of each: how often it was taken, and how often not got
 *     known    one holds a lock for a while, the others wait for it; out: waits, ns waited, ns held by the first
 */
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>
#ifdef SETTINGS
#define INSTR_LOCK(text)
#else
#include "instr/instr.h"
#endif

static uint64_t now_ns()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

class SpinLock {
	std::atomic<int> taken{0};

public:
	INSTR_LOCK("try_acquire(lock=0,success=nonzero)") bool try_lock() { return !taken.exchange(1, std::memory_order_acquire); }
	INSTR_LOCK("acquire(lock=0)") void lock()
	{
		while (!try_lock())
			usleep(20); /* there may be fewer processors than threads */
	}
	INSTR_LOCK("release(lock=0)") void unlock() { taken.store(0, std::memory_order_release); }
};

/* -1: written; else how many read. */
struct Gate {
	std::mutex guard;
	int state = 0;
};

INSTR_LOCK("acquire(lock=0,mode=read)") static void enter(Gate *gate)
{
	for (;; usleep(20)) {
		std::lock_guard<std::mutex> lock(gate->guard);
		if (gate->state < 0)
			continue;
		gate->state++;
		return;
	}
}
INSTR_LOCK("release(lock=0)") static void leave(Gate *gate)
{
	std::lock_guard<std::mutex> lock(gate->guard);
	gate->state = gate->state < 0 ? 0 : gate->state - 1;
}
/* 0: it has it. */
INSTR_LOCK("acquire(lock=1,success=zero)") static int close_within(int turns, Gate *gate)
{
	for (;; usleep(20)) {
		std::lock_guard<std::mutex> lock(gate->guard);
		if (!gate->state) {
			gate->state = -1;
			return 0;
		}
		if (!turns--)
			return 62;
	}
}

static struct {
	int used;
	SpinLock guard;
} table;
static Gate gate;
static int threads;
static long spins;

struct Counts { unsigned long spun, not_spun, entered, closed, not_closed; };

static void use(Counts *c, int number)
{
	for (int i = 0; i < 2000; i++) {
		if (i % 3) {
			std::lock_guard<SpinLock> lock(table.guard);
			spins++;
			c->spun++;
		} else if (table.guard.try_lock()) {
			spins++;
			c->spun++;
			table.guard.unlock();
		} else {
			c->not_spun++;
		}
		if (i % 7 == number % 7) {
			if (close_within(2, &gate)) {
				c->not_closed++;
			} else {
				c->closed++;
				leave(&gate);
			}
		} else {
			enter(&gate);
			c->entered++;
			leave(&gate);
		}
	}
}

static void counts()
{
	std::vector<Counts> c((size_t)threads);
	std::vector<std::thread> all;
	for (int i = 0; i < threads; i++)
		all.emplace_back(use, &c[(size_t)i], i);
	for (std::thread &t : all)
		t.join();
	Counts sum{};
	for (const Counts &one : c) {
		sum.spun += one.spun;
		sum.not_spun += one.not_spun;
		sum.entered += one.entered;
		sum.closed += one.closed;
		sum.not_closed += one.not_closed;
	}
	if ((unsigned long)spins != sum.spun)
		abort();
	std::printf("Gate|own|%lu|%lu\nGate|read|%lu|0\nSpinLock|own|%lu|%lu\n", sum.closed, sum.not_closed, sum.entered, sum.spun, sum.not_spun);
}

static std::atomic<uint64_t> waited;

static void wait_for_it()
{
	uint64_t begin = now_ns();
	table.guard.lock();
	waited += now_ns() - begin;
	table.guard.unlock();
}

__attribute__((noinline)) static uint64_t first_holder(std::vector<std::thread> *all)
{
	table.guard.lock();
	uint64_t begin = now_ns();
	for (int i = 0; i < threads; i++)
		all->emplace_back(wait_for_it);
	usleep(200000);
	uint64_t held = now_ns() - begin;
	table.guard.unlock();
	return held;
}

int main(int argc, char **argv)
{
	threads = argc > 2 ? std::atoi(argv[2]) : 2;
	if (argc > 1 && !std::strcmp(argv[1], "known")) {
		std::vector<std::thread> all;
		uint64_t held = first_holder(&all);
		for (std::thread &t : all)
			t.join();
		std::printf("%d %llu %llu\n", threads, (unsigned long long)waited.load(), (unsigned long long)held);
	} else {
		counts();
	}
}
