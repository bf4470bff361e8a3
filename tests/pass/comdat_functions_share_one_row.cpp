// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The row of a comdat function is in its comdat, linkonce_odr and hidden; two units that both have
// the function make a program with one row, and private functions keep theirs.
//
// RUN: %irxx -O1 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clangxx -O1 -c %s -o %t.1.o && %clangxx -O1 -DOTHER -c %s -o %t.2.o
// RUN: %clangxx %t.1.o %t.2.o %stub -o %t.x && %t.x 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-DAG: @__instr_row._Z6shared{{.*}} = linkonce_odr hidden global {{.*}}, section "instr_sites", comdat($_Z6shared{{.*}}), align 16, !associated
// CHECK-DAG: @__instr_row._ZL3ownPVi = private global
// RAN: rows=5
// RAN: _Z6shared{{.*}} enter=2 exit=2
// RAN: _ZL3ownPVi
// RAN: _ZL3ownPVi
template<class T> __attribute__((noinline)) T shared(volatile T *x)
{
	return *x;
}
static __attribute__((noinline)) int own(volatile int *x)
{
	return *x;
}
#ifdef OTHER
int other(volatile int *x)
{
	return own(x) + shared(x);
}
#else
int other(volatile int *);
int main()
{
	volatile int x = 0;
	return own(&x) + shared(&x) + other(&x);
}
#endif
