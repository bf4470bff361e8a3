// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A site's row: what is called there, file, line and column of the call, where that stands in the
// source even when it was inlined; kind and family. One string per name. Without -g: the source as
// given, line 0, no column.
//
// RUN: cd %S && %ir -O2 -g sites_say_where_they_are.c > %t && FileCheck %s -DDIR=%S < %t && %verify < %t
// RUN: cd %S && %ir -O2 sites_say_where_they_are.c > %t && FileCheck %s --check-prefix=BARE < %t
// RUN: cd %S && %ir -O0 -g sites_say_where_they_are.c | FileCheck %s --check-prefix=O0
//
// flags: kind + family * 256 + column * 65536
// CHECK-DAG: @__instr_site.user.1 = private global { i32, i32, i32, i32 } { i32 {{.*}} [[MALLOC:@instr.string[.0-9]*]] to i64){{.*}} [[OWN:@instr.string[.0-9]*]] to i64){{.*}}, i32 [[#@LINE+13]], i32 590082 }, section "instr_sites", align 16, !associated
// CHECK-DAG: @__instr_site.user.2 = private global { i32, i32, i32, i32 } { i32 {{.*}} [[MALLOC]] to i64){{.*}} [[HEADER:@instr.string[.0-9]*]] to i64){{.*}}, i32 6, i32 1048834 }, section "instr_sites", align 16, !associated
// CHECK-DAG: @__instr_site.user.3 = private global { i32, i32, i32, i32 } { i32 {{.*}} [[FREE:@instr.string[.0-9]*]] to i64){{.*}} [[OWN]] to i64){{.*}}, i32 [[#@LINE+13]], i32 131333 }, section "instr_sites", align 16, !associated
// CHECK-DAG: [[MALLOC]] = private unnamed_addr constant [7 x i8] c"malloc\00", align 1
// CHECK-DAG: [[FREE]] = private unnamed_addr constant [5 x i8] c"free\00", align 1
// CHECK-DAG: [[OWN]] = private unnamed_addr constant {{.*}} c"[[DIR]]/sites_say_where_they_are.c\00", align 1
// CHECK-DAG: [[HEADER]] = private unnamed_addr constant {{.*}} c"[[DIR]]{{/|/./}}Inputs/place.h\00", align 1
// BARE-DAG: @__instr_site.user.1 = private global {{.*}}, i32 0, i32 258 }, section "instr_sites"
// BARE-DAG: c"sites_say_where_they_are.c\00", align 1
// O0-DAG: @__instr_site.placed.1 = {{.*}}, i32 6, i32 1048834 }, section
#include "Inputs/place.h"
void user(void **p)
{
	p[0] = malloc(10);
	p[1] = placed(20);
	free(p[2]);
}
