; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; A filter, and a leftover always_inline function, leave out the hooks of the function, not the calls
; of allocators in it. Functions that the source switches off, or where the runtime must not be called,
; keep their calls.
;
; RUN: env INSTR_OPTIONS=deny=filtered %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define ptr @filtered(
; CHECK-NEXT: call ptr @__instr_alloc(i64 1, ptr @__instr_site.filtered.1, ptr @malloc)
; CHECK-NEXT: ret ptr
define ptr @filtered() {
  %p = call ptr @malloc(i64 1)
  ret ptr %p
}
; CHECK-LABEL: define ptr @inlined(
; CHECK-NEXT: call ptr @__instr_alloc(i64 2, ptr @__instr_site.inlined.1, ptr @malloc)
define ptr @inlined() alwaysinline {
  %p = call ptr @malloc(i64 2)
  ret ptr %p
}
; CHECK-LABEL: define ptr @switched_off(
; CHECK-NEXT: call ptr @malloc(i64 3)
define ptr @switched_off() disable_sanitizer_instrumentation {
  %p = call ptr @malloc(i64 3)
  ret ptr %p
}
; CHECK-LABEL: define ptr @switched_off_and_inlined(
; CHECK-NEXT: call ptr @malloc(i64 4)
define ptr @switched_off_and_inlined() alwaysinline "function-instrument"="xray-never" {
  %p = call ptr @malloc(i64 4)
  ret ptr %p
}
; CHECK-LABEL: define ptr @__instr_helper(
; CHECK-NEXT: call ptr @malloc(i64 5)
define ptr @__instr_helper() {
  %p = call ptr @malloc(i64 5)
  ret ptr %p
}
@chosen = ifunc void (), ptr @resolver
; CHECK-LABEL: define ptr @resolver(
; CHECK-NEXT: call ptr @malloc(i64 6)
define ptr @resolver() {
  %p = call ptr @malloc(i64 6)
  ret ptr %p
}
; CHECK-LABEL: define void @coroutine(
; CHECK-NEXT: call ptr @malloc(i64 7)
define void @coroutine() "coroutine.presplit"="1" {
  call ptr @malloc(i64 7)
  ret void
}
declare ptr @malloc(i64)
