// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lazy binding would go through a resolver that clobbers R10: no hook call may use the PLT, in any
// kind of code; and the registers that the convention promises survive the first call.
//
// RUN: %clang -O1 -S -fPIC %s -o - | FileCheck %s
// RUN: %clang -O1 -S -fPIE %s -o - | FileCheck %s
// RUN: %clang -O1 -S -fno-pic %s -o - | FileCheck %s
// CHECK-NOT: __instr_enter@PLT
// CHECK-NOT: call{{q?}}{{[[:space:]]+}}__instr_
// CHECK: *__instr_enter@GOTPCREL(%rip)
// CHECK: *__instr_exit@GOTPCREL(%rip)
//
// RUN: %bare -c %S/Inputs/registers.s -o %t.s.o
// RUN: %clang -O1 %s %t.s.o %stub_so -Wl,-z,lazy -o %t.1 && %t.1 2>/dev/null
// RUN: %clang -O1 -fno-pic -no-pie %s %t.s.o %stub_so -Wl,-z,lazy -o %t.2 && %t.2 2>/dev/null
// RUN: %clang -O1 %s %t.s.o %stub -o %t.3 && %t.3 2>/dev/null
extern int keeps_registers(void (*)(void));
volatile int sink;
__attribute__((noinline)) void leaf(void)
{
	sink++;
}
int main(void)
{
	return !keeps_registers(leaf);
}
