; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Behind an invoke the second hook is on the way of a return; nothing comes behind a call that must be a tail call; what
; is declared otherwise, or defined here, is something else.
;
; RUN: %opt -passes=instr %s > %t && FileCheck %s < %t
; RUN: %opt -passes=instr,instr %s | diff %t -
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define i64 @invoked(
; CHECK: %[[T:[0-9a-z.]+]] = call i64 @__instr_block_begin(ptr @__instr_site.invoked.1)
; CHECK-NEXT: %n = invoke i64 @read(i32 %d, ptr %p, i64 8)
; CHECK-NEXT: to label %[[RETURNED:[0-9a-z._]+]] unwind label %thrown
; CHECK: [[RETURNED]]:
; CHECK-NEXT: call void @__instr_block_end(i64 %[[T]], i64 %n, i32 %d, i32 6, ptr @__instr_site.invoked.1)
; CHECK-NEXT: br label %done
; CHECK: %result = phi i64 [ %n, %[[RETURNED]] ], [ -7, %start ]
define i64 @invoked(i32 %d, ptr %p, i1 %which) personality ptr @__gxx_personality_v0 {
start:
  br i1 %which, label %reads, label %done
reads:
  %n = invoke i64 @read(i32 %d, ptr %p, i64 8) to label %done unwind label %thrown
done:
  %result = phi i64 [ %n, %reads ], [ -7, %start ]
  ret i64 %result
thrown:
  %l = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %l
}

; CHECK-LABEL: define i64 @tail(
; CHECK-NOT: __instr_block
; CHECK: musttail call i64 @read(
; CHECK-LABEL: define i64 @others(
define i64 @tail(i32 %d, ptr %p, i64 %n) {
  %r = musttail call i64 @read(i32 %d, ptr %p, i64 %n)
  ret i64 %r
}

; CHECK-NOT: __instr_block
; CHECK: ret i64
define i64 @others(i32 %d, ptr %p) {
  %a = call i32 @poll(i32 %d)
  %b = call i64 @write(i32 %d, ptr %p, i64 1)
  %c = call i32 %p(i32 %d)
  ret i64 %b
}

; CHECK-LABEL: define i64 @write(
define i64 @write(i32 %d, ptr %p, i64 %n) {
  ret i64 %n
}

; What may put up a filter of system calls is told before, and is no site.
; CHECK-LABEL: define i64 @shuts(
; CHECK: %[[O:[0-9a-z.]+]] = sext i32 %d to i64
; CHECK-NEXT: call void @__instr_block_shut(i64 %[[O]], i32 0)
; CHECK-NEXT: call i32 (i32, ...) @prctl(i32 %d, i64 1)
; CHECK-NEXT: call void @__instr_block_shut(i64 317, i32 1)
; CHECK-NEXT: call i64 (i64, ...) @syscall(i64 317, i32 1)
; CHECK-NOT: __instr_block_end
; CHECK: ret i64
define i64 @shuts(i32 %d) {
  %a = call i32 (i32, ...) @prctl(i32 %d, i64 1) nounwind
  %b = call i64 (i64, ...) @syscall(i64 317, i32 1) nounwind
  ret i64 %b
}

declare i32 @prctl(i32, ...)
declare i64 @syscall(i64, ...)
declare i64 @read(i32, ptr, i64)
declare i32 @poll(i32)
declare i32 @__gxx_personality_v0(...)
