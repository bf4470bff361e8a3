/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * again.c - ten calls for each byte of its input.
 */
#include <unistd.h>

__attribute__((noinline)) static int leaf(int x) { return x + 1; }

int main(void)
{
	char byte;
	volatile int sum = 0;
	while (read(0, &byte, 1) == 1)
		for (int i = 0; i < 10; i++)
			sum = leaf(sum);
	return 0;
}
