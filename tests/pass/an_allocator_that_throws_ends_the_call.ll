; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; A hook throws what the allocator throws: its call gets an unwind edge like any other, unless the
; allocator does not throw.
;
; RUN: %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define ptr @throws(
; CHECK: invoke ptr @__instr_alloc({{.*}}@_Znwm)
; CHECK-NEXT: to label %{{.*}} unwind label %[[PAD:.*]]
; CHECK: [[PAD]]:
; CHECK: call preserve_allcc void @__instr_unwind(
define ptr @throws() {
  %p = call ptr @_Znwm(i64 8)
  ret ptr %p
}
; CHECK-LABEL: define ptr @does_not(
; CHECK: call ptr @__instr_alloc({{.*}}@malloc)
; CHECK: call ptr @__instr_alloc1({{.*}}@_ZnwmRKSt9nothrow_t)
; CHECK-NOT: landingpad
; CHECK: ret ptr
define ptr @does_not() {
  %p = call ptr @malloc(i64 8)
  %q = call ptr @_ZnwmRKSt9nothrow_t(i64 8, ptr null) nounwind
  ret ptr %p
}
declare ptr @_Znwm(i64)
declare ptr @malloc(i64) nounwind
declare ptr @_ZnwmRKSt9nothrow_t(i64, ptr)
