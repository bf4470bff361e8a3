/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * throws.cc - what operator new does when there is no memory: it asks a handler that frees and allocates, and throws
 * in the end. Says what a trace must have: news and mallocs here, how many of them failed, frees.
 */
#include <cstdio>
#include <cstdlib>
#include <new>

static volatile std::size_t much = ~(std::size_t)0 / 4;
static void *volatile kept;
static int asked, allocs, frees, failed;

static void *taken(void *block)
{
	if (block)
		allocs++;
	else
		failed++;
	return kept = block;
}

__attribute__((noinline)) static void handler()
{
	frees += kept != nullptr;
	free(kept);
	taken(malloc(10));
	if (++asked % 2 == 0)
		throw std::bad_alloc();
}

template <typename New> __attribute__((noinline)) static void fails(New make)
{
	try {
		kept = make();
		exit(1);
	} catch (const std::bad_alloc &) {
		failed++;
	}
}

int main()
{
	taken(malloc(1000));
	std::set_new_handler(handler);
	for (int i = 0; i < 3; i++)
		fails([] { return new char[much]; });
	fails([] { return operator new(much); });
	fails([] { return operator new[](much, std::align_val_t(64)); });
	fails([] { return operator new(much, std::align_val_t(64)); });
	taken(new (std::nothrow) char[much]);
	taken(malloc(much));
	std::set_new_handler(nullptr);
	fails([] { return new char[much]; });
	operator delete(taken(operator new(4)));
	frees++;
	printf("%d|%d|%d\n", allocs, failed, frees);
	return 0;
}
