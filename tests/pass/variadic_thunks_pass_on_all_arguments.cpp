// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thunk of a variadic method forwards every argument register, vector registers included, with a
// hook in front.
//
// RUN: %clangxx -O0 %s %stub -o %t.0 && %t.0 2>/dev/null | FileCheck %s
// RUN: %clangxx -O2 -fPIC %s %stub_so -o %t.2 && %t.2 2>/dev/null | FileCheck %s
// CHECK: 1 2 3.5 4.25 5 6 7 8 9.75
#include <cstdarg>
#include <cstdio>
struct Left {
	long pad = 1;
	virtual void left() {}
};
struct Right {
	virtual void print(const char *format, ...) = 0;
};
struct Both : Left, Right {
	void print(const char *format, ...) override
	{
		va_list arguments;
		va_start(arguments, format);
		std::vprintf(format, arguments);
		va_end(arguments);
	}
};
__attribute__((noinline)) void use(Right *right)
{
	right->print("%d %d %g %g %d %d %d %d %g\n", 1, 2, 3.5, 4.25, 5, 6, 7, 8, 9.75);
}
int main()
{
	Both both;
	use(&both);
}
