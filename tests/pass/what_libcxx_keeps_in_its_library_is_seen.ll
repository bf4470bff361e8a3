; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; libc++ makes the calls of pthread within its library: its functions are locks, and calls that block, themselves. What is
; tried first returns a bool.
;
; RUN: %opt -passes=instr %s > %t && FileCheck %s < %t
; RUN: %opt -passes=instr,instr %s | diff %t -
target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define void @mutexes(
; CHECK: call void @__instr_cxx_lock(ptr %m, ptr @__instr_site.mutexes.1, ptr @_ZNSt3__15mutex4lockEv, ptr @_ZNSt3__15mutex8try_lockEv)
; CHECK-NEXT: %got = call zeroext i1 @__instr_cxx_trylock(ptr %m, ptr @__instr_site.mutexes.2, ptr @_ZNSt3__15mutex8try_lockEv, ptr null)
; CHECK-NEXT: call void @__instr_cxx_unlock(ptr %m, ptr @__instr_site.mutexes.3, ptr @_ZNSt3__15mutex6unlockEv, ptr null)
; CHECK-NEXT: call void @__instr_cxx_lock(ptr %m, ptr @__instr_site.mutexes.4, ptr @_ZNSt3__119__shared_mutex_base4lockEv, ptr @_ZNSt3__119__shared_mutex_base8try_lockEv)
; CHECK-NEXT: call void @__instr_cxx_lock(ptr %m, ptr @__instr_site.mutexes.5, ptr @_ZNSt3__119__shared_mutex_base11lock_sharedEv, ptr null)
; CHECK-NEXT: call void @__instr_mtx_destroy(ptr %m, ptr @__instr_site.mutexes.6, ptr @_ZNSt3__15mutexD1Ev, ptr null)
define void @mutexes(ptr %m) {
  call void @_ZNSt3__15mutex4lockEv(ptr %m) nounwind
  %got = call zeroext i1 @_ZNSt3__15mutex8try_lockEv(ptr %m) nounwind
  call void @_ZNSt3__15mutex6unlockEv(ptr %m) nounwind
  call void @_ZNSt3__119__shared_mutex_base4lockEv(ptr %m) nounwind
  call void @_ZNSt3__119__shared_mutex_base11lock_sharedEv(ptr %m) nounwind
  call void @_ZNSt3__15mutexD1Ev(ptr %m) nounwind
  ret void
}

; An invoke has both, too.
; CHECK-LABEL: define void @waits(
; CHECK: %[[T:[0-9a-z.]+]] = call i64 @__instr_block_begin(
; CHECK-NEXT: invoke void @__instr_cxx_wait1(ptr %c, ptr %u, i64 7, ptr @__instr_site.waits.{{[0-9]}}, ptr @_ZNSt3__118condition_variable15__do_timed_wait{{.*}}, ptr null)
; CHECK-NEXT: to label %[[RETURNED:[0-9a-z._]+]] unwind label %thrown
; CHECK: [[RETURNED]]:
; CHECK-NEXT: call void @__instr_block_end(i64 %[[T]], i64 0, i32 -1, i32 0, ptr @__instr_site.waits.{{[0-9]}})
; CHECK: call i64 @__instr_block_begin(
; CHECK-NEXT: call void @_ZNSt3__120__libcpp_atomic_waitEPVKvi(ptr %c, i32 3)
; CHECK-NEXT: call void @__instr_block_end(
; CHECK: call i64 @__instr_block_begin(
; CHECK-NEXT: call void @__instr_cxx_wait(ptr %c, ptr %u, {{.*}}@_ZNSt3__117__assoc_sub_state10__sub_wait
; CHECK-NEXT: call void @__instr_block_end(
define void @waits(ptr %c, ptr %u) personality ptr @__gxx_personality_v0 {
  invoke void @_ZNSt3__118condition_variable15__do_timed_waitERNS_11unique_lockINS_5mutexEEENS_6chrono10time_pointINS5_12system_clockENS5_8durationIxNS_5ratioILl1ELl1000000000EEEEEEE(ptr %c, ptr %u, i64 7) to label %done unwind label %thrown
done:
  call void @_ZNSt3__120__libcpp_atomic_waitEPVKvi(ptr %c, i32 3) nounwind
  call void @_ZNSt3__117__assoc_sub_state10__sub_waitERNS_11unique_lockINS_5mutexEEE(ptr %c, ptr %u) nounwind
  ret void
thrown:
  %l = landingpad { ptr, i32 } cleanup
  resume { ptr, i32 } %l
}

; CHECK-LABEL: define void @wakes(
; CHECK: call void @__instr_cxx_notify_one(ptr %c, ptr @__instr_site.wakes.1, ptr @_ZNSt3__118condition_variable10notify_oneEv, ptr null)
; CHECK-NEXT: call void @__instr_cxx_notify_all(ptr %c, ptr @__instr_site.wakes.2, ptr @_ZNSt3__118condition_variable10notify_allEv, ptr null)
; CHECK-NEXT: call void @__instr_cxx_notify_one(ptr %c, ptr @__instr_site.wakes.3, ptr @_ZNSt18condition_variable10notify_oneEv, ptr null)
; CHECK-NEXT: call void @__instr_cxx_notify_all(ptr %c, ptr @__instr_site.wakes.4, ptr @_ZNSt18condition_variable10notify_allEv, ptr null)
define void @wakes(ptr %c) {
  call void @_ZNSt3__118condition_variable10notify_oneEv(ptr %c) nounwind
  call void @_ZNSt3__118condition_variable10notify_allEv(ptr %c) nounwind
  call void @_ZNSt18condition_variable10notify_oneEv(ptr %c) nounwind
  call void @_ZNSt18condition_variable10notify_allEv(ptr %c) nounwind
  ret void
}

declare void @_ZNSt3__15mutex4lockEv(ptr)
declare zeroext i1 @_ZNSt3__15mutex8try_lockEv(ptr)
declare void @_ZNSt3__15mutex6unlockEv(ptr)
declare void @_ZNSt3__15mutexD1Ev(ptr)
declare void @_ZNSt3__119__shared_mutex_base4lockEv(ptr)
declare void @_ZNSt3__119__shared_mutex_base11lock_sharedEv(ptr)
declare void @_ZNSt3__118condition_variable15__do_timed_waitERNS_11unique_lockINS_5mutexEEENS_6chrono10time_pointINS5_12system_clockENS5_8durationIxNS_5ratioILl1ELl1000000000EEEEEEE(ptr, ptr, i64)
declare void @_ZNSt3__120__libcpp_atomic_waitEPVKvi(ptr, i32)
declare void @_ZNSt3__117__assoc_sub_state10__sub_waitERNS_11unique_lockINS_5mutexEEE(ptr, ptr)
declare void @_ZNSt3__118condition_variable10notify_oneEv(ptr)
declare void @_ZNSt3__118condition_variable10notify_allEv(ptr)
declare void @_ZNSt18condition_variable10notify_oneEv(ptr)
declare void @_ZNSt18condition_variable10notify_allEv(ptr)
declare i32 @__gxx_personality_v0(...)
