// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function that cannot be left by an exception gets no pads, no personality, no invokes.
//
// RUN: %irxx -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O2 -fno-exceptions %s > %t && FileCheck %s < %t && %verify < %t
void quiet(int *) noexcept;
int may_throw(int);
// CHECK-LABEL: define {{.*}} @_Z4leafPi(
// CHECK-NOT: personality
// CHECK: @__instr_enter
// CHECK-NOT: invoke
// CHECK-NOT: landingpad
// CHECK-NOT: __instr_unwind
// CHECK: }
void leaf(int *x) noexcept
{
	quiet(x);
	quiet(x);
}
// CHECK-LABEL: define {{.*}} @_Z8callbackPi(
// CHECK-NOT: __instr_unwind
// CHECK: }
int callback(int *x) noexcept
{
	return may_throw(*x);
}
