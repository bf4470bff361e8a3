/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * one.cpp, two.cpp - two units with a shared, a private, a dead and a skipped function.
 */
template<class T> __attribute__((noinline)) T inl(T x)
{
	return x * 3;
}
extern "C" int dead_one(int x)
{
	return x * 2;
}
int other(int x)
{
	return inl(x);
}
