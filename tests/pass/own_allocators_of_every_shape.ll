; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; What has a known name is recorded once when it is declared, be it defined here or not; through an alias; a
; normal destination with other ways to it is split; a musttail call and a call by another type are left
; alone, and the marks of functions where nothing is recorded go away.
;
; RUN: env "INSTR_OPTIONS=unwind=off:alloc=malloc(size=0):alloc=take*(size=0):free=give(ptr=0):free=free(ptr=0):alloc=nowhere(size=9)" %opt -passes=instr %s | FileCheck %s
; RUN: env "INSTR_OPTIONS=unwind=off:alloc=malloc(size=0):alloc=take*(size=0):free=give(ptr=0):free=free(ptr=0)" %opt -passes=instr-begin,instr %s | FileCheck %s
; RUN: env "INSTR_OPTIONS=heap=off:alloc=malloc(size=0)" %opt -passes=instr-begin,instr %s | FileCheck %s --check-prefix=OFF
; OFF-NOT: @__instr_allocated
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define ptr @malloc(
; CHECK: call ptr @calloc(
; CHECK-NOT: @__instr_allocated
; CHECK-LABEL: define ptr @caller(
define ptr @malloc(i64 %n) {
  %p = call ptr @calloc(i64 1, i64 %n)
  %q = call ptr @take(i32 1)
  ret ptr %p
}
; CHECK: %p = call ptr @malloc(i64 1)
; CHECK-NEXT: call void @__instr_allocated(ptr %p, i64 1, ptr @__instr_site.caller.1)
; CHECK-NEXT: call void @__instr_freed(ptr %p, ptr @__instr_site.caller.2)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call ptr @__instr_calloc(i64 1, i64 2, ptr @__instr_site.caller.3, ptr @calloc)
; CHECK-NEXT: %r = call ptr @take(i32 %n)
; CHECK-NEXT: %[[BYTES:.*]] = zext i32 %n to i64
; CHECK-NEXT: call void @__instr_allocated(ptr %r, i64 %[[BYTES]], ptr @__instr_site.caller.4)
; CHECK-NEXT: %s = call ptr @take_alias(i32 3)
; CHECK-NEXT: call void @__instr_allocated(ptr %s, i64 3, ptr @__instr_site.caller.5)
; CHECK-NEXT: call ptr @take(i64 4)
; CHECK-NEXT: call preserve_allcc
define ptr @caller(i32 %n) {
  %p = call ptr @malloc(i64 1)
  call void @free(ptr %p)
  call ptr @calloc(i64 1, i64 2)
  %r = call ptr @take(i32 %n)
  %s = call ptr @take_alias(i32 3)
  %t = call ptr @take(i64 4)
  ret ptr %s
}
; CHECK-LABEL: define ptr @shared_destination(
; CHECK: to label %[[BEHIND:.*]] unwind label %pad
; CHECK: [[BEHIND]]:
; CHECK-NEXT: call void @__instr_allocated(ptr %p, i64 5, ptr @__instr_site.shared_destination.1)
; CHECK-NEXT: br label %end
; CHECK: end:
; CHECK-NEXT: phi ptr [ null, %entry ], [ %p, %[[BEHIND]] ]
define ptr @shared_destination(i1 %c) personality ptr @__gxx_personality_v0 {
entry:
  br i1 %c, label %try, label %end
try:
  %p = invoke ptr @take(i32 5) to label %end unwind label %pad
end:
  %r = phi ptr [ null, %entry ], [ %p, %try ]
  ret ptr %r
pad:
  %l = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %l
}
; CHECK-LABEL: define ptr @must(
; CHECK: call preserve_allcc void @__instr_tail
; CHECK-NEXT: musttail call ptr @take
; CHECK-NEXT: ret
define ptr @must(i32 %n) {
  %p = musttail call ptr @take(i32 %n)
  ret ptr %p
}
; CHECK-LABEL: define ptr @switched_off(
; CHECK-NEXT: call ptr @take(i32 6)
; CHECK-NEXT: ret
define ptr @switched_off() disable_sanitizer_instrumentation {
  %p = call ptr @take(i32 6)
  ret ptr %p
}
; CHECK-LABEL: define internal ptr @take(
; CHECK-NOT: @__instr_allocated
; CHECK: ret
@take_alias = alias ptr (i32), ptr @take
define internal ptr @take(i32 %n) {
  %p = call ptr @malloc(i64 7)
  ret ptr %p
}
; CHECK-NOT: @__instr_mark
declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare i32 @__gxx_personality_v0(...)
