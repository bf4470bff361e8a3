; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Naked, presplit, available_externally and leftover always_inline functions, and names of the
; runtime, carry no hooks. All but the available_externally one, which has no code here, are listed
; with the reason.
;
; RUN: %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
; CHECK-DAG: @__instr_skipped.naked = {{.*}} i32 257 }, section "instr_skipped"
; CHECK-DAG: @__instr_skipped.coroutine = {{.*}} i32 513 }, section "instr_skipped"
; CHECK-DAG: @__instr_skipped.inlined = {{.*}} i32 769 }, section "instr_skipped"
; CHECK-DAG: @__instr_skipped.__instr_helper = {{.*}} i32 2049 }, section "instr_skipped"
; CHECK-DAG: @__instr_row.plain = {{.*}} i32 1 }, section "instr_sites"
; CHECK-NOT: @__instr_skipped.elsewhere
; CHECK-NOT: @__instr_row.elsewhere

; CHECK-LABEL: define void @naked(
; CHECK-NEXT: call void asm
; CHECK-NEXT: unreachable
define void @naked() naked {
  call void asm sideeffect "ret", ""()
  unreachable
}
; CHECK-LABEL: define void @coroutine(
; CHECK-NEXT: ret void
define void @coroutine() "coroutine.presplit"="1" {
  ret void
}
; CHECK-LABEL: define void @inlined(
; CHECK-NEXT: ret void
define void @inlined() alwaysinline {
  ret void
}
; CHECK-LABEL: define available_externally void @elsewhere(
; CHECK-NEXT: ret void
define available_externally void @elsewhere() {
  ret void
}
; CHECK-LABEL: define void @__instr_helper(
; CHECK-NEXT: ret void
define void @__instr_helper() {
  ret void
}
; CHECK-LABEL: define void @plain(
; CHECK-NEXT: call preserve_allcc void @__instr_enter
define void @plain() {
  call void @elsewhere()
  ret void
}
