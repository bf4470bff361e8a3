// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls that may throw unwind to one new cleanup pad with the unwind hook; existing resumes get one
// too; unwind=off leaves calls alone.
//
// RUN: %irxx -O1 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O1 -Xclang -mllvm -Xclang -instr=unwind=off %s > %t
// RUN: FileCheck %s --check-prefix=OFF < %t && %verify < %t
int may_throw(int);

// CHECK-LABEL: define {{.*}} @_Z5plaini(i32 {{.*}} personality
// CHECK: call preserve_allcc void @__instr_enter
// CHECK: invoke {{.*}} @_Z9may_throwi
// CHECK: call preserve_allcc void @__instr_exit
// CHECK: ret i32
// CHECK: landingpad
// CHECK-NEXT: cleanup
// CHECK-NEXT: call preserve_allcc void @__instr_unwind({{.*}}@__instr_row._Z5plaini
// CHECK-NEXT: resume
// OFF-LABEL: define {{.*}} @_Z5plaini(
// OFF-NOT: invoke
// OFF-NOT: __instr_unwind
// OFF: }
int plain(int x)
{
	return may_throw(x) + may_throw(x + 1);
}

struct Guard {
	~Guard();
};
// CHECK-LABEL: define {{.*}} @_Z7guardedi(
// CHECK-COUNT-1: @__instr_exit
// CHECK-COUNT-1: call preserve_allcc void @__instr_unwind
// CHECK-NEXT: resume
// CHECK-NOT: resume
// CHECK: }
int guarded(int x)
{
	Guard guard;
	return may_throw(x);
}
