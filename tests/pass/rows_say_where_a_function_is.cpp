// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row: linkage name, absolute file and line with -g; the source as given and line 0 without.
// Strings are mergeable constants; the section is writable, each row 16 bytes at 16.
//
// RUN: cd %S && %irxx -O0 -g rows_say_where_a_function_is.cpp > %t && FileCheck %s -DDIR=%S < %t && %verify < %t
// RUN: cd %S && %irxx -O0 rows_say_where_a_function_is.cpp > %t && FileCheck %s --check-prefix=BARE < %t
//
// CHECK-DAG: @__instr_row._Z5aboutv = private global { i32, i32, i32, i32 } { i32 trunc (i64 sub (i64 ptrtoint ({{.*}} [[NAME:@instr.string[.0-9]*]] to i64), i64 ptrtoint ({{.*}}@__instr_row._Z5aboutv to i64)) to i32), i32 trunc (i64 sub (i64 ptrtoint ({{.*}} [[FILE:@instr.string[.0-9]*]] to i64), i64 ptrtoint ({{.*}}@__instr_row._Z5aboutv to i64)) to i32), i32 [[#@LINE+9]], i32 1 }, section "instr_sites", align 16, !associated
// CHECK-DAG: [[NAME]] = private unnamed_addr constant {{.*}} c"_Z5aboutv\00", align 1
// CHECK-DAG: [[FILE]] = private unnamed_addr constant {{.*}} c"[[DIR]]/rows_say_where_a_function_is.cpp\00", align 1
// CHECK-DAG: c"own_name\00"
// BARE-DAG: @__instr_row._Z5aboutv = {{.*}}, i32 0, i32 1 }, section "instr_sites", align 16, !associated
// BARE-DAG: c"rows_say_where_a_function_is.cpp\00", align 1
//
// RUN: %clangxx -O2 -g -c %s -o %t.o && llvm-readelf -SW %t.o | FileCheck %s --check-prefix=ELF
// ELF: instr_sites PROGBITS {{[0-9a-f]+ [0-9a-f]+}} 000010 00 WAL{{.*}} 16
void about() {}
void named() __asm__("own_name");
void named() {}
