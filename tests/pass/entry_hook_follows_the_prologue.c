// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// At -O0 the entry hook stands behind the allocas and the arguments' stores, and has no location:
// so a debugger's "break f" stops where it does without hooks, with the arguments in place.
//
// RUN: %ir -O0 -g %s > %t && FileCheck %s < %t && %verify < %t
// CHECK-LABEL: define {{.*}} @f(
// CHECK: alloca
// CHECK: store i32 %0
// CHECK: store i32 %1
// CHECK-NOT: alloca
// CHECK: call preserve_allcc void @__instr_enter({{[^!]*$}}
// CHECK: add nsw
// CHECK: call preserve_allcc void @__instr_exit({{.*}}, !dbg
// CHECK-NEXT: ret
int f(int a, int b)
{
	int c = a + b;
	return c;
}
