// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A method is named by its qualified name, or by a glob, and its parameter 0 is `this`; with the types of the
// parameters one overload of several. Where a catch clause waits the hook stands in the way to the normal
// destination only.
//
// RUN: env "INSTR_OPTIONS=alloc=Arena::take(size=1):free=Arena::give(void*)(ptr=1):alloc=Pool<*>::get(size=1)" %irxx -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=Arena::take(size=1):free=Arena::give(void*)(ptr=1):alloc=Pool<*>::get(size=1)" %irxx -O2 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=Arena::take(size=1):free=Arena::give(void*)(ptr=1):alloc=Pool<*>::get(size=1)" %clangxx -O2 %s %stub -o %t.2 && env STUB=log %t.2 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-LABEL: define{{.*}} @use(
// CHECK: invoke {{.*}}@_ZN5Arena4takeEm(
// CHECK-NEXT: to label %[[NORMAL:[^ ]+]] unwind label
// CHECK: {{^}}[[NORMAL]]:
// CHECK-NEXT: call void @__instr_allocated({{.*}}, i64 %{{.*}}@__instr_site.use.1{{.*}})
// CHECK: call void @__instr_freed({{.*}}@__instr_site.use.2{{.*}})
// CHECK-NOT: @__instr_freed
// CHECK: call void @__instr_allocated({{.*}}, i64 {{.*}}5, {{.*}}@__instr_site.use.3{{.*}})
// CHECK: ret
//
// RAN: called _ZN5Arena4takeEm
// RAN: called _ZN5Arena4giveEPv
// RAN: called _ZN4PoolIiE3getEi
#include <cstddef>
struct Arena {
	char bytes[1 << 10];
	size_t used = 0;
	__attribute__((noinline)) void *take(size_t n)
	{
		if (used + n > sizeof bytes)
			throw 1;
		used += n;
		return bytes + used - n;
	}
	void give(void *) {}
	__attribute__((noinline)) void give(int) { used = 0; }
};
template <typename T> struct Pool {
	T things[100];
	void *get(int n) { return things + n; }
};
static Arena arena;
static Pool<int> pool;
extern "C" __attribute__((noinline)) int use(size_t n)
{
	void *p = nullptr;
	try {
		p = n ? arena.take(n) : nullptr;
	} catch (int) {
	}
	arena.give(p);
	arena.give(1);
	return pool.get(5) == p;
}
int main()
{
	return use(10) + use(10000);
}
