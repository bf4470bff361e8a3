/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * calls_back.c - an allocator that calls back into the program, which allocates, before it goes on; it is declared where it is
 * called, and has no hooks itself. With an argument it is left by a jump.
 */
#include <setjmp.h>
#include <stdlib.h>

#ifdef ALLOCATOR
void *resize(void *block, size_t bytes, void (*call_back)(void))
{
	call_back();
	return realloc(block, bytes);
}
#else
#include <instr/instr.h>

INSTR_ALLOCATOR("realloc(ptr=0,size=1)") void *resize(void *block, size_t bytes, void (*call_back)(void));

static jmp_buf back;
static int leaves;
static void *(*volatile by_pointer)(size_t) = malloc;

__attribute__((noinline)) static void called_back(void)
{
	void *volatile block = malloc(7001);

	free(block);
	if (leaves)
		longjmp(back, 1);
}

__attribute__((noinline)) static void deeper(int n)
{
	volatile char room[2000];
	void *block = NULL;

	room[0] = 1;
	if (n)
		deeper(n - 1);
	for (int i = 0; i < 10 && !n; i++)
		block = resize(block, 1000 + i, called_back);
	free(resize(block, 10, called_back));
	room[1] = 1;
}

int main(int argc, char **argv)
{
	(void)argv;
	leaves = argc > 1;
	if (!setjmp(back))
		deeper(3);
	free(by_pointer(7003)); /* code without hooks may call an allocator so */
	return 0;
}
#endif
