/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * step.c - a program for a debugger.
 */
int add(int a, int b)
{
	int c = a + b;
	if (c > 10)
		return c;
	return c * 2;
}

int main(void)
{
	int x = add(3, 4);
	x -= 14;
	return x;
}
