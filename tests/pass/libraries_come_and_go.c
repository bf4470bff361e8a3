// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each shared object registers its own rows, before its constructors run, and takes them back when
// it is closed; opened again, it registers again.
//
// RUN: %clang -O1 -fPIC -shared -DLIBRARY %s %stub_so -o %t.so
// RUN: %clang -O1 %s %stub_so -o %t.x && env STUB=log %t.x %t.so 2>&1 | FileCheck %s
// CHECK: register {{.*}} rows=1
// CHECK: register {{.*}} rows=2
// CHECK-NEXT: unregister
// CHECK-NEXT: register {{.*}} rows=2
// CHECK-NEXT: unregister
// CHECK: enter main
// CHECK-NEXT: enter early
// CHECK-NEXT: exit early
// CHECK-NEXT: enter work
// CHECK-NEXT: exit work
// CHECK-NEXT: enter early
// CHECK-NEXT: exit early
// CHECK-NEXT: enter work
// CHECK-NEXT: exit work
// CHECK-NEXT: exit main
#ifdef LIBRARY
static volatile int ready;
__attribute__((constructor(101))) static void early(void)
{
	ready = 1;
}
int work(int x)
{
	return x + ready;
}
#else
#include <dlfcn.h>
int main(int argc, char **argv)
{
	int sum = 0;
	(void)argc;
	for (int i = 0; i < 2; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);
		int (*work)(int);
		*(void **)&work = dlsym(library, "work");
		sum += work(i);
		dlclose(library);
	}
	return sum != 3;
}
#endif
