; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; One exit hook for each return instruction, none elsewhere.
;
; RUN: %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
; CHECK-LABEL: define i32 @two(
; CHECK: call preserve_allcc void @__instr_enter
; CHECK: a:
; CHECK-NEXT: call preserve_allcc void @__instr_exit
; CHECK-NEXT: ret i32 1
; CHECK: b:
; CHECK-NEXT: call preserve_allcc void @__instr_exit
; CHECK-NEXT: ret i32 2
define i32 @two(i1 %c) {
  br i1 %c, label %a, label %b
a:
  ret i32 1
b:
  ret i32 2
}
; CHECK-LABEL: define void @never(
; CHECK: call preserve_allcc void @__instr_enter
; CHECK-NOT: __instr_exit
; CHECK: unreachable
define void @never() {
  call void @stop()
  unreachable
}
declare void @stop() noreturn
