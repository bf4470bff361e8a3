// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a block of malloc is for says the variable, member or element that it goes to. A row has one string for
// what is called and the type. What says nothing (void, a union, a type too large for the block, one without a
// name) is not told. What strdup and its like make is text. Without -g nothing is told.
//
// RUN: %ir -O0 -g %s > %t && %sites < %t | FileCheck %s --check-prefixes=CHECK,O0 && %verify < %t
// RUN: %ir -O1 -g %s > %t && %sites < %t | FileCheck %s --check-prefixes=CHECK,O1 && %verify < %t
// RUN: %ir -O2 -g %s > %t && %sites < %t | FileCheck %s --check-prefixes=CHECK,O1 && %verify < %t
// RUN: %ir -O2 -g -gdwarf-4 %s | %sites | FileCheck %s --check-prefixes=CHECK,O1
// RUN: %ir -O2 -g -flto %s | %sites | FileCheck %s --check-prefixes=CHECK,O1
// RUN: %ir -O0 %s | %sites | FileCheck %s --check-prefix=BARE
// RUN: %ir -O2 -gline-tables-only %s | %sites | FileCheck %s --check-prefix=LINES
//
// CHECK-DAG: {{^}}made.1{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}variable.1{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}constant.1{{.*}} malloc: pair{{$}}
// O0-DAG: {{^}}wrapped.1{{.*}} malloc{{$}}
// O1-DAG: {{^}}wrapped.1{{.*}} malloc: pair{{$}}
// O0-DAG: {{^}}text_first.1{{.*}} malloc: char{{$}}
// O1-DAG: {{^}}text_first.1{{.*}} malloc: node{{$}}
// O1-DAG: {{^}}handed_on.1{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}members.1{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}members.2{{.*}} calloc: pair{{$}}
// CHECK-DAG: {{^}}members.3{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}members.4{{.*}} malloc: double{{$}}
// CHECK-DAG: {{^}}members.5{{.*}} malloc: pair{{$}}
// CHECK-DAG: {{^}}members.6{{.*}} calloc: pair *{{$}}
// CHECK-DAG: {{^}}members.7{{.*}} malloc: double{{$}}
// CHECK-DAG: {{^}}globals.1{{.*}} strdup: char{{$}}
// CHECK-DAG: {{^}}globals.2{{.*}} malloc: list{{$}}
// CHECK-DAG: {{^}}globals.3{{.*}} malloc: list{{$}}
// CHECK-DAG: {{^}}globals.4{{.*}} realloc: char *{{$}}
// CHECK-DAG: {{^}}taken_apart.1{{.*}} malloc: node{{$}}
// CHECK-DAG: {{^}}taken_apart.2{{.*}} malloc: double{{$}}
// CHECK-DAG: {{^}}through_arguments.1{{.*}} posix_memalign: double{{$}}
// CHECK-DAG: {{^}}through_arguments.2{{.*}} asprintf: char{{$}}
// CHECK-DAG: {{^}}names.1{{.*}} malloc: handler{{$}}
// CHECK-DAG: {{^}}names.2{{.*}} malloc: color{{$}}
// CHECK-DAG: {{^}}names.3{{.*}} malloc: unsigned long{{$}}
// CHECK-DAG: {{^}}names.4{{.*}} malloc: node **{{$}}
// CHECK-DAG: {{^}}names.5{{.*}} malloc: int{{$}}
// CHECK-DAG: {{^}}perhaps.1{{.*}} malloc: pair{{$}}
// O1-DAG: {{^}}grown.1{{.*}} realloc: pair *{{$}}
// CHECK-DAG: {{^}}text.1{{.*}} strdup: char{{$}}
// CHECK-DAG: {{^}}text.2{{.*}} wcsdup: wchar_t{{$}}
// CHECK-DAG: {{^}}text.3{{.*}} strndup: unsigned char{{$}}
// CHECK-DAG: {{^}}not_told.1{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.2{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.3{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.4{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.5{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.6{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}not_told.7{{.*}} malloc{{$}}
// CHECK-DAG: {{^}}frees.1{{.*}} free{{$}}
//
// BARE-NOT: :
// LINES-NOT: {{(alloc|align): }}
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct node { struct node *next; int value; };
typedef struct { int a, b; } pair;
union either { struct node *node; pair *pair; };
struct list {
	int used;
	struct node *head;
	pair **pairs;
	struct node *table[4];
	union either either;
	struct { int n; pair *pair; } inner[3];
	double *rest[];
};
typedef int (*handler)(int);
enum color { RED };
static char **words;
static size_t used;
static struct list *global;
static struct { int n; struct list *list; } holder;
void use(void *);

__attribute__((always_inline)) static inline void *wrapper(size_t n)
{
	void *p = malloc(n);
	if (!p)
		abort();
	return p;
}
__attribute__((always_inline)) static inline void general(char *bytes, void *p, struct list *base)
{
	bytes[0] = 0;
	use(p);
	use(base);
}
struct node *made(void) { return malloc(sizeof(struct node)); }
void variable(size_t n)
{
	struct node *p = malloc(n * sizeof *p);
	p->value = 3;
	use(p);
}
void constant(size_t n)
{
	const pair *volatile *unused = NULL;
	const pair *const p = malloc(n);
	use((void *)p);
	use(unused);
}
void wrapped(size_t n)
{
	pair *p = wrapper(n * sizeof *p);
	p->a = 1;
	use(p);
}
void text_first(size_t n)
{
	char *bytes = malloc(n);
	struct node *p = (struct node *)bytes;
	p->value = 3;
	use(p);
}
void handed_on(size_t n)
{
	struct node *p = malloc(n);
	general((char *)p, p, (struct list *)p);
}
void members(struct list *l, int i)
{
	l->head = malloc(sizeof *l->head);
	l->pairs[i] = calloc(1, sizeof(pair));
	l->table[i] = malloc(sizeof(struct node));
	l->rest[i] = malloc(sizeof(double));
	l[i].inner[2].pair = malloc(sizeof(pair));
	l->pairs = calloc(10, sizeof *l->pairs);
	l->rest[1] = malloc(sizeof(double));
}
void globals(const char *s)
{
	words[used++] = strdup(s);
	global = malloc(sizeof *global);
	holder.list = malloc(200);
	words = realloc(words, 80);
	use(global);
	use(holder.list);
	use(words);
}
void taken_apart(size_t n)
{
	struct { int n; struct node *first; double *second; } local;
	local.first = malloc(n);
	local.second = malloc(n);
	use(local.first);
	use(local.second);
}
void through_arguments(void)
{
	double *numbers;
	char *text;
	if (!posix_memalign((void **)&numbers, 64, 800))
		use(numbers);
	if (asprintf(&text, "%d", 4) > 0)
		use(text);
}
void names(size_t n)
{
	handler *handlers = malloc(n);
	enum color *colors = malloc(n);
	size_t *sizes = malloc(n);
	struct node ***deep = malloc(n);
	int (*rows)[20] = malloc(n);
	use(handlers);
	use(colors);
	use(sizes);
	use(deep);
	use(rows);
}
void perhaps(size_t n)
{
	pair *p = n ? malloc(n) : NULL;
	use(p);
}
__attribute__((always_inline)) static inline int grow(void *array, size_t n)
{
	void **p = array, *more = realloc(*p, n);
	if (!more)
		return 0;
	*p = more;
	return 1;
}
int grown(struct list *l, size_t n) { return grow(&l->pairs, n); }
void text(const char *s, const wchar_t *w)
{
	use(strdup(s));
	use(wcsdup(w));
	unsigned char *bytes = (unsigned char *)strndup(s, 10);
	use(bytes);
}
void not_told(struct list *l, struct node *first, size_t n)
{
	void *nothing = malloc(n);
	use(nothing);
	use(malloc(n));
	struct { int x; } *unnamed = malloc(n);
	use(unnamed);
	int (**functions)(int) = malloc(n);
	use(functions);
	struct list *too_large = malloc(3);
	use(too_large);
	l->either.node = malloc(n);
	/* Behind the structure may stand another one, or what belongs to this. */
	*(struct node **)((char *)first + sizeof *first) = malloc(n);
}
void frees(pair *p) { free(p); }
