// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main.cpp - calls a C library, and leaves a function by an exception.
#include <cstdio>
#include <instr/instr.h>
#include <stdexcept>

extern "C" int fibonacci(int n);

__attribute__((noinline)) static void thrower(int n)
{
	if (n > 50)
		throw std::runtime_error("caught");
}

INSTR_SKIP int main()
{
	int n = fibonacci(10);
	try {
		thrower(n);
	} catch (const std::exception &e) {
		std::printf("%d %s\n", n, e.what());
	}
}
