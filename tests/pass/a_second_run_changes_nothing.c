// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: %ir -O2 -g %s > %t.1.ll
// RUN: %opt -passes=instr %t.1.ll -o %t.2.ll
// RUN: %opt -passes=instr,instr %t.1.ll -o %t.3.ll
// RUN: grep -c 'call.*@__instr_' %t.1.ll > %t.1.count
// RUN: grep -c 'call.*@__instr_' %t.2.ll > %t.2.count
// RUN: diff %t.1.count %t.2.count && diff %t.2.ll %t.3.ll
// RUN: %ir -O2 -g -x ir %t.1.ll | grep -c 'call.*@__instr_' > %t.4.count
// RUN: diff %t.1.count %t.4.count
int g(int);
void *malloc(unsigned long);
void *f(int x)
{
	return malloc(g(x) + 1);
}
