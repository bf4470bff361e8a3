/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * program.cpp - names of C++: a method, a template, an anonymous namespace, an exception on the way.
 */
#include <cstdio>
#include <stdexcept>

namespace shapes {
struct circle {
	int radius;
	__attribute__((noinline)) int area() const { return 3 * radius * radius; }
};
template <typename T> __attribute__((noinline)) T twice(T x) { return x + x; }
namespace {
__attribute__((noinline)) int hidden(int x)
{
	if (x == 3)
		throw std::runtime_error("three");
	return x;
}
}
}

int main()
{
	int sum = 0;
	for (int i = 0; i < 12; i++)
		sum += shapes::circle{i}.area() + static_cast<int>(shapes::twice<long>(i));
	for (int i = 0; i < 5; i++)
		try {
			sum += shapes::hidden(i);
		} catch (const std::exception &) {
			sum++;
		}
	std::printf("%d\n", sum);
}
