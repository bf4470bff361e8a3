// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// program.cc - a run to export: calls, recursion, names with templates and operators, memory that is freed and memory that
// is not, locks that are waited for, calls that block, threads, a child.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

std::mutex lock;
std::vector<std::unique_ptr<std::string>> &kept = *new std::vector<std::unique_ptr<std::string>>;
void *volatile scratch;

unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

bool odd(unsigned n);

bool even(unsigned n)
{
	volatile bool known = true;
	return n ? odd(n - 1) : known;
}

bool odd(unsigned n)
{
	volatile bool known = false;
	return n ? even(n - 1) && fibonacci(n) : known;
}

template <typename T> struct Adder {
	T sum{};
	void operator()(const T &value) { sum += value; }
};

void keep(const char *text)
{
	kept.push_back(std::make_unique<std::string>(text));
}

void hold(int milliseconds)
{
	std::lock_guard<std::mutex> guard(lock);
	usleep(static_cast<useconds_t>(milliseconds) * 1000);
}

void take()
{
	std::lock_guard<std::mutex> guard(lock);
	keep("what a thread leaves behind, too long for the string itself");
}

void work(int turns)
{
	for (int i = 0; i < turns; i++) {
		hold(1);
		take();
	}
}

int through_a_pipe()
{
	int ends[2];
	char byte = 0;
	if (pipe(ends))
		return -1;
	std::thread writer([&] {
		usleep(2000);
		if (write(ends[1], "x", 1) != 1)
			abort();
	});
	ssize_t bytes = read(ends[0], &byte, 1);
	writer.join();
	close(ends[0]);
	close(ends[1]);
	return bytes == 1 ? byte : -1;
}

} // namespace

int main()
{
	Adder<double> adder;
	std::vector<std::thread> threads;

	for (int i = 0; i < 1000; i++)
		adder(fibonacci(5));
	if (!even(12))
		abort();
	for (int i = 0; i < 3; i++)
		threads.emplace_back(work, 5);
	for (std::thread &thread : threads)
		thread.join();
	scratch = malloc(1 << 20);
	keep("what is never freed, which is too long for the string itself");
	free(scratch);
	pid_t child = fork();
	if (!child)
		exit(fibonacci(10) != 55);
	int status;
	waitpid(child, &status, 0);
	printf("%g %c %d\n", adder.sum, through_a_pipe(), status);
	return 0;
}
