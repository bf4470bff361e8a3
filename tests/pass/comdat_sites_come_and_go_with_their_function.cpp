// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of sites in a comdat function are in its comdat; of two units that have the function, one
// set of rows is left, also when the other unit's copy has more sites.
//
// RUN: %irxx -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clangxx -O2 -c %s -o %t.1.o && %clangxx -O2 -DOTHER -c %s -o %t.2.o
// RUN: %clangxx %t.1.o %t.2.o %stub -o %t.x && %t.x 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clangxx %t.2.o %t.1.o %stub -o %t.x && %t.x 2>&1 | FileCheck %s --check-prefix=MORE
//
// CHECK-DAG: @__instr_site._Z6sharedv.1 = linkonce_odr hidden global {{.*}}, section "instr_sites", comdat($_Z6sharedv), align 16, !associated
// CHECK-DAG: @__instr_site._ZL3ownv.1 = private global
// RAN: rows=9 skipped=0
// MORE: rows=11 skipped=0
#include <cstdlib>
void *helper();
extern void *volatile sink;
inline __attribute__((noinline)) void shared()
{
	free(sink);
	sink = helper();
}
#ifdef OTHER
inline void *now()
{
	sink = malloc(2);
	return malloc(3);
}
void *helper()
{
	return now();
}
void other() { shared(); }
#else
void *volatile sink;
static __attribute__((noinline)) void own()
{
	sink = malloc(1);
}
void other();
int main() { own(); shared(); other(); }
#endif
