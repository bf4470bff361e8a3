; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Tail marker, name, metadata, attributes of result and arguments stay, those of the declaration go
; along; of the function's attributes only nounwind, because a hook does more than an allocator.
;
; RUN: env INSTR_OPTIONS=unwind=off %opt -passes=instr %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define ptr @f(
; CHECK: %block = tail call noalias nonnull align 16 dereferenceable(8) ptr @__instr_alloc(i64 noundef 8, ptr @__instr_site.f.1, ptr @malloc) [[NOUNWIND:#[0-9]+]], !mine
; CHECK-NEXT: %n = call i32 (ptr, ptr, ...) @asprintf(ptr nonnull @out, ptr @format, i32 signext 5)
; CHECK-NEXT: call void @__instr_printed(ptr @out, i32 %n, ptr @__instr_site.f.2)
; CHECK-NEXT: %other = call noalias ptr @__instr_alloc(i64 noundef 9, ptr @__instr_site.f.3, ptr @malloc) [[NOUNWIND]]
; CHECK: ret ptr %block
define ptr @f() {
  %block = tail call nonnull align 16 dereferenceable(8) ptr @malloc(i64 8) nounwind builtin allocsize(0), !mine !0
  %n = call i32 (ptr, ptr, ...) @asprintf(ptr nonnull @out, ptr @format, i32 signext 5) willreturn, !range !1
  %other = call ptr @malloc(i64 9) nobuiltin
  ret ptr %block
}
; CHECK-LABEL: define i32 @try(
; CHECK: %p = invoke noalias nonnull ptr @__instr_alloc(i64 7, ptr @__instr_site.try.1, ptr @_Znwm)
; CHECK-NEXT: to label %done unwind label %caught, !prof
; CHECK: %p2 = phi ptr [ %p,
; CHECK: attributes [[NOUNWIND]] = { nounwind }
define i32 @try() personality ptr @__gxx_personality_v0 {
entry:
  %p = invoke noalias nonnull ptr @_Znwm(i64 7) to label %done unwind label %caught, !prof !2
done:
  %p2 = phi ptr [ %p, %entry ]
  call void @take(ptr %p2) nounwind
  ret i32 0
caught:
  %e = landingpad { ptr, i32 } catch ptr null
  ret i32 1
}
@out = external global ptr
@format = external constant [3 x i8]
declare noalias ptr @malloc(i64 noundef) nounwind allocsize(0) "alloc-family"="malloc"
declare i32 @asprintf(ptr, ptr noundef, ...)
declare ptr @_Znwm(i64)
declare void @take(ptr)
declare i32 @__gxx_personality_v0(...)
!0 = !{}
!1 = !{i32 -1, i32 100}
!2 = !{!"branch_weights", i32 9, i32 1}
