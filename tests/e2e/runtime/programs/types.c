/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * types.c - allocates blocks of a few types, by a variable, a member, an element and a wrapper. */
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; long value; };
typedef struct { double x, y; } point;
static struct { struct node *first; char **words; size_t used; point *points; } all;
static void *volatile out;
static void *xmalloc(size_t n)
{
	void *p = malloc(n);
	if (!p)
		abort();
	return p;
}
int main(void)
{
	for (int i = 0; i < 100; i++) {
		struct node *n = malloc(sizeof *n);
		n->next = all.first;
		n->value = i;
		all.first = n;
	}
	for (int i = 0; i < 10; i++) {
		if (!(i & (i + 1)))
			all.words = realloc(all.words, (i + 1) * 2 * sizeof *all.words);
		all.words[all.used++] = strdup("word");
	}
	all.points = calloc(7, sizeof *all.points);
	point *more = xmalloc(3 * sizeof *more);
	more[2] = all.points[1];
	out = more;
	return all.first->value != 99;
}
