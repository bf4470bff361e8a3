; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Left as they are: functions of the name but not of the prototype or convention, calls by another
; type than the declaration's, through a pointer, musttail, and uses that are no calls.
;
; RUN: env INSTR_OPTIONS=unwind=off %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
; CHECK-NOT: @__instr_site.left_alone
; CHECK: @pointer = global ptr @malloc
@pointer = global ptr @malloc

; CHECK-LABEL: define ptr @left_alone(
; CHECK: call ptr @realloc(ptr null, i32 1)
; CHECK: call i32 @free(ptr null)
; CHECK: call ptr @calloc(i64 1, i64 1, i64 1)
; CHECK: call i32 @asprintf(ptr null, ptr null)
; CHECK: call fastcc ptr @valloc(i64 1)
; CHECK: call ptr addrspace(1) @pvalloc(i64 1)
; CHECK: call i64 @malloc(i64 1)
; CHECK: call ptr %f(i64 1)
; CHECK: call void @take(ptr @malloc)
; CHECK: call ptr @malloc(i64 2) [ "deopt"(i32 1) ]
; CHECK: store ptr @malloc, ptr @pointer
; CHECK: musttail call ptr @malloc(i64 %n)
; CHECK-NEXT: ret ptr
define ptr @left_alone(i64 %n) {
  call ptr @realloc(ptr null, i32 1)
  call i32 @free(ptr null)
  call ptr @calloc(i64 1, i64 1, i64 1)
  call i32 @asprintf(ptr null, ptr null)
  call fastcc ptr @valloc(i64 1)
  call ptr addrspace(1) @pvalloc(i64 1)
  call i64 @malloc(i64 1)
  %f = load ptr, ptr @pointer
  call ptr %f(i64 1)
  call void @take(ptr @malloc)
  call ptr @malloc(i64 2) [ "deopt"(i32 1) ]
  store ptr @malloc, ptr @pointer
  %p = musttail call ptr @malloc(i64 %n)
  ret ptr %p
}
; CHECK-LABEL: define ptr @counted(
; CHECK: call ptr @__instr_alloc(i64 %n, ptr @__instr_site.counted.1, ptr @malloc)
define ptr @counted(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i32)
declare i32 @free(ptr)
declare ptr @calloc(i64, i64, i64)
declare i32 @asprintf(ptr, ptr)
declare fastcc ptr @valloc(i64)
declare ptr addrspace(1) @pvalloc(i64)
declare void @take(ptr)
