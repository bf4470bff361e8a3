/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * inline.cpp - an inline function in three units, whose copies allocate in different places: that of
 * unit A has helper's call in it, those of B and C call helper.
 */
#include <cstdlib>
struct Blocks {
	void *volatile block[4];
};
#ifdef A
inline __attribute__((always_inline)) void *helper(int n)
{
	return malloc(n * 7);
}
#else
void *helper(int n);
#endif
extern volatile int sink;
inline void shared(Blocks *blocks, int n)
{
	for (int i = 0; i < n; i++)
		blocks->block[i & 3] = helper(i);
	sink = n;
}
#if defined(A)
void (*from_a)(Blocks *, int) = shared;
#elif defined(C)
void (*from_c)(Blocks *, int) = shared;
#else
volatile int sink;
void *helper(int n)
{
	return malloc(n * 7);
}
extern void (*from_a)(Blocks *, int), (*from_c)(Blocks *, int);
int main()
{
	Blocks blocks;
	from_a(&blocks, 1);
	from_c(&blocks, 1);
	shared(&blocks, 3);
}
#endif
