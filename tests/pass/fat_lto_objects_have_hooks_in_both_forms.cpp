// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An object with both machine code and bitcode is hooked once in each, also when lto=post leaves the
// bitcode's hooks to the link step.
//
// REQUIRES: at-least-18, lld
// RUN: for post in pre post; do \
// RUN:   %clangxx -O1 -flto -ffat-lto-objects -Xclang -mllvm -Xclang -instr=lto=$post -c %s -o %t.o || exit 1; \
// RUN:   %barexx -fuse-ld=bfd %t.o %stub -o %t.x && %t.x 2>&1 | FileCheck %s || exit 1; \
// RUN:   %barexx %lld -flto -ffat-lto-objects -Wl,--load-pass-plugin=%plugin %t.o %stub -o %t.x || exit 1; \
// RUN:   %t.x 2>&1 | FileCheck %s || exit 1; done
// CHECK: register
// CHECK-NOT: register
// CHECK: _Z4workPVi {{.*}} enter=1 exit=1
// CHECK: main {{.*}} enter=1 exit=1
__attribute__((noinline)) int work(volatile int *x)
{
	return *x;
}
int main()
{
	volatile int x = 0;
	return work(&x);
}
