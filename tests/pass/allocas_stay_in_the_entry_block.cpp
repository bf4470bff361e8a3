// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Other instrumentation may put a call in front of the allocas. When that call becomes an invoke, the
// allocas behind it must not leave the entry block with the rest: there they would move the stack
// pointer between the entry and the exit hook, and the walk would not find the call again.
//
// RUN: %irxx -O0 -g -finstrument-functions %s > %t && FileCheck %s < %t && %verify < %t

void g(int *);

// CHECK-LABEL: define{{.*}} @_Z1fi(
// CHECK-NOT: invoke
// CHECK: alloca i32
// CHECK: alloca i32
// CHECK: call {{.*}}@__instr_enter
// CHECK: invoke {{.*}}@__cyg_profile_func_enter
// CHECK-NOT: alloca
// CHECK: ret i32
int f(int n)
{
	int local = n;
	g(&local);
	return local;
}
