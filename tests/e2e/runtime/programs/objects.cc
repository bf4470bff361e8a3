/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * objects.cc - threads of the C++ library that hand items on, wait for each other and for results. Says how many waits
 * for conditions, calls of call_once and takings of locks there were, as it has counted them itself.
 */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <thread>
#include <vector>
#if __cplusplus >= 202002L
#include <barrier>
#include <latch>
#include <semaphore>
#endif

static const int THREADS = 6, ROUNDS = 300;

static struct {
	int items = 0;
	std::mutex lock;
	std::condition_variable changed;
} queue;
static std::recursive_mutex again;
static std::shared_mutex shared;
static std::once_flag flag;
static std::atomic<long> waits, timed_waits, taken, refused, read_locked, written, onces;
static int done;

/* What is counted is what calls: the predicate of the library's own loop would hide it. */
static void hand_on(bool giver, int how)
{
	std::unique_lock<std::mutex> lock(queue.lock);
	taken++;
	while (giver ? queue.items == 2 : queue.items == 0) {
		if (how++ % 3) {
			queue.changed.wait(lock);
			waits++;
		} else {
			queue.changed.wait_for(lock, std::chrono::microseconds(50));
			timed_waits++;
		}
		taken++;
	}
	queue.items += giver ? 1 : -1;
	queue.changed.notify_all();
}

static void use_locks(int i)
{
	std::lock_guard<std::recursive_mutex> one(again), two(again);
	taken += 2;
	if (i % 3) {
		std::shared_lock<std::shared_mutex> lock(shared);
		read_locked++;
	} else {
		std::unique_lock<std::shared_mutex> lock(shared);
		written++;
	}
	std::unique_lock<std::mutex> lock(queue.lock, std::try_to_lock);
	if (lock.owns_lock())
		taken++;
	else
		refused++;
}

static void once()
{
	for (int turn = 0; turn < 2; turn++)
		try {
			std::call_once(flag, [] {
				if (!done++)
					throw std::runtime_error("not yet");
				std::this_thread::sleep_for(std::chrono::milliseconds(1));
			});
			onces++;
		} catch (const std::runtime_error &) {
		}
}

static void work(int number)
{
	once();
	for (int i = 0; i < ROUNDS; i++) {
		hand_on(number % 2, number + i);
		use_locks(number + i);
	}
}

static void results()
{
	std::promise<int> promise;
	std::future<int> result = promise.get_future();
	std::thread giver([&] {
		std::this_thread::sleep_for(std::chrono::milliseconds(100));
		promise.set_value(7);
	});
	if (result.get() != 7)
		abort();
	giver.join();
}

#if __cplusplus >= 202002L
static std::counting_semaphore<4> semaphore(0);
static std::latch latch(1);
static std::atomic<int> word;
static std::barrier<> meeting(2);

static void latest()
{
	std::thread giver([] {
		std::this_thread::sleep_for(std::chrono::milliseconds(50));
		semaphore.release();
		std::this_thread::sleep_for(std::chrono::milliseconds(50));
		latch.count_down();
		std::this_thread::sleep_for(std::chrono::milliseconds(50));
		word = 1;
		word.notify_all();
		std::this_thread::sleep_for(std::chrono::milliseconds(50));
		meeting.arrive_and_wait();
	});
	semaphore.acquire();
	latch.wait();
	word.wait(0);
	meeting.arrive_and_wait();
	giver.join();
}
#else
static void latest() {}
#endif

int main()
{
	std::vector<std::thread> threads;
	for (int i = 0; i < THREADS; i++)
		threads.emplace_back(work, i);
	for (std::thread &t : threads)
		t.join();
	if (queue.items)
		abort();
	results();
	latest();
	std::printf("%ld %ld %ld %ld %ld %ld %ld\n", waits.load(), timed_waits.load(), onces.load(), taken.load(), refused.load(),
		    read_locked.load(), written.load());
}
