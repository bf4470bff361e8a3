// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: %irxx -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O0 %s > %t && FileCheck %s --check-prefix=O0 < %t && %verify < %t
// O0: call preserve_allcc void @__instr_tail
// O0-NEXT: musttail call
// CHECK-LABEL: define {{.*}} @_Z6callerii(
// CHECK: call preserve_allcc void @__instr_tail({{.*}}@__instr_row._Z6callerii
// CHECK-NEXT: musttail call {{.*}} @_Z6otherxii(
// CHECK-NEXT: ret i32
// CHECK-NOT: __instr_exit
// CHECK: }
int otherx(int, int);
int caller(int x, int y)
{
	[[clang::musttail]] return otherx(x + 1, y);
}
