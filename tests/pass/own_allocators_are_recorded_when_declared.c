// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of what alloc=, free= and realloc= declare stay as they are; hooks stand behind what allocates, before
// what frees, on both sides of what resizes. At -O2 the allocators are inlined, one argument is not used, and
// a free does nothing: each call in the source is recorded all the same. What the allocators themselves take
// from others is theirs.
//
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(size=1):alloc=my_calloc(count=0,size=1):free=my_f*(ptr=0):realloc=my_realloc(ptr=0,size=1)" %ir -O0 %s > %t && FileCheck %s < %t && FileCheck %s --check-prefix=STAYS < %t && FileCheck %s --check-prefix=OWN < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(size=1):alloc=my_calloc(count=0,size=1):free=my_f*(ptr=0):realloc=my_realloc(ptr=0,size=1)" %ir -O2 -g %s > %t && FileCheck %s < %t && FileCheck %s --check-prefix=OWN < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(size=1):alloc=my_calloc(count=0,size=1):free=my_f*(ptr=0):realloc=my_realloc(ptr=0,size=1)" %clang -O2 %s %stub -o %t.2 && env STUB=log %t.2 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-LABEL: define{{.*}} @use(
// CHECK: call void @__instr_allocated({{.*}}, i64 {{.*}}10, {{.*}}@__instr_site.use.1{{[^0-9]}}
// CHECK: call void @__instr_freed({{.*}}, {{.*}}@__instr_site.use.2{{[^0-9]}}
// CHECK: [[COUNT:%[0-9a-z]+]] = zext i32 %{{.*}} to i64
// CHECK: [[BYTES:%[0-9a-z]+]] = mul {{.*}}[[COUNT]], 7
// CHECK: call void @__instr_allocated({{.*}}, i64 {{.*}}[[BYTES]], {{.*}}@__instr_site.use.3{{[^0-9]}}
// CHECK: call void @__instr_resizing({{.*}}, {{.*}}@__instr_site.use.4{{[^0-9]}}
// CHECK: [[AFTER:%[0-9a-z]+]] = {{.*}}call {{.*}}@my_realloc(
// CHECK-NEXT: call void @__instr_resized({{.*}}[[AFTER]], i64 {{.*}}99, {{.*}}@__instr_site.use.4{{[^0-9]}}
//
// STAYS-LABEL: define{{.*}} @use(
// STAYS: [[BLOCK:%[0-9a-z]+]] = call {{.*}}@my_alloc(
// STAYS-NEXT: call void @__instr_allocated({{.*}}[[BLOCK]], i64 10
// STAYS: call void @__instr_freed({{.*}}[[GONE:%[0-9a-z]+]],
// STAYS-NEXT: call void @my_free({{.*}}[[GONE]])
//
// OWN-NOT: @__instr_mark
// OWN-NOT: call {{.*}}@__instr_calloc(
// OWN-NOT: @__instr_realloc
//
// RAN: called my_alloc
// RAN: called my_free
// RAN: called my_calloc
// RAN: called my_realloc
#include <stddef.h>
#include <stdlib.h>
static char arena[1 << 16];
static size_t used;
static void *my_alloc(int tag, size_t n)
{
	void *p = arena + used;
	(void)tag;
	used += n;
	return p;
}
static void my_free(void *p)
{
	(void)p;
}
static void *my_calloc(unsigned count, unsigned n)
{
	return calloc(count, n);
}
__attribute__((noinline)) void *my_realloc(void *p, size_t n)
{
	return realloc(p, n);
}
__attribute__((noinline)) void *use(unsigned n)
{
	char *p = my_alloc(3, 10);
	p[0] = 1;
	my_free(p);
	p = my_calloc(n, 7);
	p[1] = 1;
	return my_realloc(p, 99);
}
int main(void)
{
	return !use(3);
}
