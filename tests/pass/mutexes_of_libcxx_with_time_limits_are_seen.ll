; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Nobody declares them: part of them is in the library, part in headers, with a mutex within.
;
; RUN: %opt -passes=instr-begin,instr %s | FileCheck %s
; RUN: env INSTR_OPTIONS=lock=off %opt -passes=instr-begin,instr %s | FileCheck %s --check-prefix=OFF
; OFF-NOT: @__instr_acquir
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define i1 @uses(
; CHECK: call void @__instr_acquiring(ptr %m, ptr @__instr_site.uses.1)
; CHECK-NEXT: call void @_ZNSt3__111timed_mutex4lockEv(ptr %m)
; CHECK-NEXT: call void @__instr_acquired(ptr %m, i64 1, ptr @__instr_site.uses.1)
; CHECK: call void @__instr_acquiring(ptr %m, ptr @__instr_site.uses.2)
; CHECK-NEXT: %got = call zeroext i1 @_ZNSt3__111timed_mutex14try_lock_untilINS_6chronoE3anyE(ptr %m, ptr %m)
; CHECK: %[[GOT:.*]] = zext i1 %{{.*}} to i64
; CHECK-NEXT: call void @__instr_acquired(ptr %m, i64 %[[GOT]], ptr @__instr_site.uses.2)
; CHECK: call void @__instr_tried(ptr %m, i64 %{{.*}}, ptr @__instr_site.uses.3)
; CHECK-NEXT: call void @__instr_releasing(ptr %m, ptr @__instr_site.uses.4)
define i1 @uses(ptr %m) {
  call void @_ZNSt3__111timed_mutex4lockEv(ptr %m) nounwind
  %got = call zeroext i1 @_ZNSt3__111timed_mutex14try_lock_untilINS_6chronoE3anyE(ptr %m, ptr %m) nounwind
  %read = call zeroext i1 @_ZNSt3__118shared_timed_mutex15try_lock_sharedEv(ptr %m) nounwind
  call void @_ZNSt3__121recursive_timed_mutex6unlockEv(ptr %m) nounwind
  ret i1 %got
}

; CHECK-LABEL: define linkonce_odr zeroext i1 @_ZNSt3__111timed_mutex14try_lock_untilI
; CHECK-NOT: call void @__instr_acquir
; CHECK: call void @__instr_cxx_lock(ptr %m,
; CHECK-NOT: call void @__instr_acquir
define linkonce_odr zeroext i1 @_ZNSt3__111timed_mutex14try_lock_untilINS_6chronoE3anyE(ptr %m, ptr %t) nounwind {
  call void @_ZNSt3__15mutex4lockEv(ptr %m) nounwind
  ret i1 true
}

declare void @_ZNSt3__111timed_mutex4lockEv(ptr)
declare zeroext i1 @_ZNSt3__118shared_timed_mutex15try_lock_sharedEv(ptr)
declare void @_ZNSt3__121recursive_timed_mutex6unlockEv(ptr)
declare void @_ZNSt3__15mutex4lockEv(ptr)
