/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * two.cpp - the other half of one.cpp.
 */
#include <cstdio>
template<class T> __attribute__((noinline)) T inl(T x)
{
	return x * 3;
}
int other(int);
extern "C" __attribute__((noinline, annotate("instr_skip"))) int left_out(volatile int *x)
{
	return *x + 4;
}
extern "C" __attribute__((annotate("instr_skip"))) int left_out_dead(int x)
{
	return x;
}
extern "C" int dead_two(int x)
{
	return x * 2;
}
static __attribute__((noinline)) int ownt(int x)
{
	return x - 1;
}
static volatile int six = 6;
__attribute__((noinline)) int at_loaded(int x)
{
	return x + 1;
}
struct Global {
	int value;
	Global() : value(at_loaded(six)) {}
} global;
int main()
{
	volatile int x = 0;
	std::printf("result %d\n", other(inl(ownt(global.value))) + left_out(&x));
	std::fflush(stdout);
}
