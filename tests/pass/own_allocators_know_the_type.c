// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of declared allocators have their types, too, inlined or not. What stands before and behind a resizing
// is one site, of the type of the block that it resizes. A free has none.
//
// RUN: env "INSTR_OPTIONS=alloc=take(size=0):realloc=more(ptr=0,size=1):free=give(ptr=0)" %ir -O0 -g %s > %t && %sites < %t | FileCheck %s && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=take(size=0):realloc=more(ptr=0,size=1):free=give(ptr=0)" %ir -O2 -g %s > %t && %sites < %t | FileCheck %s && %verify < %t
//
// CHECK-DAG: {{^}}user.1 take: item{{$}}
// CHECK-DAG: {{^}}user.2 take: item *{{$}}
// CHECK-DAG: {{^}}user.3 more: item *{{$}}
// CHECK-DAG: {{^}}user.4 give{{$}}
// CHECK-NOT: {{^}}user.5
#include <stdlib.h>

struct item {
	int a, b;
};
static struct {
	struct item **items;
} table;
static char chunk[1 << 16];
static size_t used;

static void *take(size_t n)
{
	used += (n + 15) & ~(size_t)15;
	return chunk + used - n;
}
static void *more(void *p, size_t n)
{
	(void)p;
	return take(n);
}
static void give(void *p) { (void)p; }

struct item *user(size_t n)
{
	struct item *i = take(n);
	i->a = 1;
	table.items = take(n);
	table.items = more(table.items, 2 * n);
	give(table.items);
	return i;
}
