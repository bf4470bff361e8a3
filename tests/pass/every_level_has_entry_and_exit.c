// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function has one entry hook and an exit hook before its return, at every level; the verifier
// agrees each time.
//
// RUN: %ir -O0 %s > %t.0 && FileCheck %s < %t.0 && %verify < %t.0
// RUN: %ir -O1 %s > %t.1 && FileCheck %s < %t.1 && %verify < %t.1
// RUN: %ir -O2 %s > %t.2 && FileCheck %s < %t.2 && %verify < %t.2
// RUN: %ir -O3 %s > %t.3 && FileCheck %s < %t.3 && %verify < %t.3
// RUN: %ir -Os %s > %t.s && FileCheck %s < %t.s && %verify < %t.s
// RUN: %ir -Oz %s > %t.z && FileCheck %s < %t.z && %verify < %t.z
// RUN: %ir -O2 -fPIC -g %s > %t.g && FileCheck %s < %t.g && %verify < %t.g
//
// CHECK-LABEL: define {{.*}} @f(
// CHECK: call preserve_allcc void @__instr_enter({{.*}}@__instr_row.f
// CHECK-NOT: call preserve_allcc
// CHECK: call preserve_allcc void @__instr_exit({{.*}}@__instr_row.f
// CHECK-NEXT: ret i32
// CHECK-NOT: call preserve_allcc
// CHECK: }
//
// The convention that the runtime relies on, on call and declaration:
// CHECK: declare preserve_allcc void @__instr_exit({{(i8\*|ptr)}}{{.*}}) [[HOOK:#[0-9]+]]
// CHECK: declare preserve_allcc void @__instr_enter({{(i8\*|ptr)}}{{.*}}) [[HOOK]]
// CHECK: attributes [[HOOK]] = { {{(nonlazybind nounwind|nounwind nonlazybind)}} }
// CHECK: !{{.*}}"instr.done", i32 1}
int g(int);
int f(int x)
{
	return g(x) + 1;
}
