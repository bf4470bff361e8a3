// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// lock_inside.cc - containers under a lock and without; `with_lock` and what it calls allocate with `table` alone.
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static std::mutex table;
static std::vector<std::string> names;
static std::map<int, int> counts;

static void with_lock(int turns)
{
	std::lock_guard<std::mutex> guard(table);
	for (int i = 0; i < turns; i++) {
		names.push_back(std::string(20 + i % 30, 'x'));
		counts[static_cast<int>(names.size())] = i;
	}
}

static void without(int turns)
{
	std::vector<int> numbers;
	for (int i = 0; i < turns; i++)
		numbers.push_back(i);
}

int main()
{
	std::vector<std::thread> threads;
	for (int i = 0; i < 4; i++)
		threads.emplace_back([] {
			for (int k = 0; k < 50; k++) {
				with_lock(40);
				without(40);
			}
		});
	for (std::thread &t : threads)
		t.join();
}
