; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; A name that the module defines is not the allocator of that name, be it a function, an alias or
; local; and what the definition takes from other allocators is its own business when other modules
; can call it. A definition that others see only in part (available_externally) defines nothing.
;
; RUN: env INSTR_OPTIONS=unwind=off %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define ptr @malloc(
; CHECK: call ptr @calloc(
define ptr @malloc(i64 %n) {
  %p = call ptr @calloc(i64 1, i64 %n)
  ret ptr %p
}
@valloc = alias ptr (i64), ptr @behind_the_alias
; CHECK-LABEL: define ptr @behind_the_alias(
; CHECK: call ptr @calloc(
define ptr @behind_the_alias(i64 %n) {
  %p = call ptr @calloc(i64 1, i64 %n)
  ret ptr %p
}
; CHECK-LABEL: define internal ptr @strdup(
; CHECK: call ptr @__instr_calloc(
define internal ptr @strdup(ptr %s) {
  %p = call ptr @calloc(i64 1, i64 9)
  ret ptr %p
}
; Of another kind than the library's: nobody's calls of it count, so its own do.
; CHECK-LABEL: define i32 @getline(
; CHECK: call ptr @__instr_calloc(
define i32 @getline(ptr %s, i32 %n) {
  %p = call ptr @calloc(i64 1, i64 9)
  ret i32 0
}
; CHECK-LABEL: define available_externally i64 @getdelim(
; CHECK: call void @free(
define available_externally i64 @getdelim(ptr %line, ptr %bytes, i32 %d, ptr %in) {
  call void @free(ptr %line)
  ret i64 0
}
; CHECK-LABEL: define void @caller(
; CHECK: call ptr @malloc(i64 1)
; CHECK: call ptr @valloc(i64 2)
; CHECK: call ptr @strdup(ptr null)
; CHECK: call i32 @getline(ptr null, i32 3)
; CHECK: call i64 @__instr_getdelim(ptr null, ptr null, i32 4, ptr null, ptr @__instr_site.caller.1, ptr @getdelim)
; CHECK: call void @__instr_free(ptr null, ptr @__instr_site.caller.2, ptr @free)
define void @caller() {
  call ptr @malloc(i64 1)
  call ptr @valloc(i64 2)
  call ptr @strdup(ptr null)
  call i32 @getline(ptr null, i32 3)
  call i64 @getdelim(ptr null, ptr null, i32 4, ptr null)
  call void @free(ptr null)
  ret void
}
declare ptr @calloc(i64, i64)
declare void @free(ptr)
