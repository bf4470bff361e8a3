// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A resolver runs before thread-local storage exists in a static program: one hook in it, or in what
// it calls, and the program crashes.
//
// RUN: %ir -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clang -O0 %s %stub -o %t.d && %t.d 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clang -O0 -static %s %stub -o %t.s && %t.s 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clang -O0 -static-pie -fPIE %s %stub -o %t.p && %t.p 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-DAG: @__instr_skipped.resolve =
// CHECK-DAG: @__instr_skipped.helper =
// CHECK-DAG: @__instr_row.chosen =
// CHECK-NOT: @__instr_row.resolve
// CHECK-NOT: @__instr_row.helper
// RAN-DAG: skipped resolve reason=4
// RAN-DAG: skipped helper reason=4
// RAN: chosen {{.*}} enter=1 exit=1
static int helper(void)
{
	return 1;
}
static int chosen(int x)
{
	return x + 1;
}
static int (*resolve(void))(int)
{
	return helper() ? chosen : 0;
}
int dispatched(int) __attribute__((ifunc("resolve")));
int main(void)
{
	return dispatched(1) != 2;
}
