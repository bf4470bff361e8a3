; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;
; Waits of atomics since GCC 16, which return a structure, those for what a future gives, which return a bool, and sleeps.
;
; RUN: %opt -passes=instr %s > %t && FileCheck %s < %t
target triple = "x86_64-pc-linux-gnu"

@word = global i32 0
; CHECK-DAG: c"_ZNSt8__detail11__wait_implEPKvRNS_16__wait_args_baseE\1Fword\00"
; CHECK-LABEL: define i64 @waits(
; CHECK: %[[T:[0-9a-z.]+]] = call i64 @__instr_block_begin(
; CHECK-NEXT: %r = call { i64, i64 } @_ZNSt8__detail11__wait_implEPKvRNS_16__wait_args_baseE(ptr @word, ptr %a)
; CHECK-NEXT: call void @__instr_block_end(i64 %[[T]], i64 0, i32 -1, i32 0, ptr @__instr_site.waits.1)
; CHECK: call i64 @__instr_block_begin(
; CHECK-NEXT: call { i64, i16 } @_ZNSt8__detail17__wait_until_impl
; CHECK-NEXT: call void @__instr_block_end(
; CHECK: call i64 @__instr_block_begin(
; CHECK-NEXT: call zeroext i1 @_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_until
; CHECK-NEXT: call void @__instr_block_end({{.*}}, i64 0, i32 -1, i32 0,
; CHECK: call i64 @__instr_block_begin(
; CHECK-NEXT: call void @_ZNSt11this_thread11__sleep_for
; CHECK-NEXT: call void @__instr_block_end(
define i64 @waits(ptr %a) {
  %r = call { i64, i64 } @_ZNSt8__detail11__wait_implEPKvRNS_16__wait_args_baseE(ptr @word, ptr %a) nounwind
  %u = call { i64, i16 } @_ZNSt8__detail17__wait_until_implEPKvRNS_16__wait_args_baseERKNSt6chrono8durationIlSt5ratioILl1ELl1000000000EEEE(ptr @word, ptr %a, ptr %a) nounwind
  %b = call zeroext i1 @_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE(ptr %a, ptr %a, i32 1, i1 zeroext false, i64 0, i64 0) nounwind
  call void @_ZNSt11this_thread11__sleep_forENSt6chrono8durationIlSt5ratioILl1ELl1EEEENS1_IlS2_ILl1ELl1000000000EEEE(i64 0, i64 1) nounwind
  %v = extractvalue { i64, i64 } %r, 0
  ret i64 %v
}

declare { i64, i64 } @_ZNSt8__detail11__wait_implEPKvRNS_16__wait_args_baseE(ptr, ptr)
declare { i64, i16 } @_ZNSt8__detail17__wait_until_implEPKvRNS_16__wait_args_baseERKNSt6chrono8durationIlSt5ratioILl1ELl1000000000EEEE(ptr, ptr, ptr)
declare zeroext i1 @_ZNSt28__atomic_futex_unsigned_base19_M_futex_wait_untilEPjjbNSt6chrono8durationIlSt5ratioILl1ELl1EEEENS2_IlS3_ILl1ELl1000000000EEEE(ptr, ptr, i32, i1 zeroext, i64, i64)
declare void @_ZNSt11this_thread11__sleep_forENSt6chrono8durationIlSt5ratioILl1ELl1EEEENS1_IlS2_ILl1ELl1000000000EEEE(i64, i64)
