// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C without -fexceptions: nothing can unwind. With -fexceptions its frames report their exits.
//
// RUN: %ir -O2 %s | FileCheck %s
// RUN: %ir -O2 -fexceptions %s > %t && FileCheck %s --check-prefix=EH < %t && %verify < %t
// CHECK-NOT: personality
// CHECK-NOT: __instr_unwind
// EH-LABEL: define {{.*}} @f(
// EH-SAME: personality {{.*}}@__gcc_personality_v0
// EH: call preserve_allcc void @__instr_unwind
int g(int);
int f(int x)
{
	return g(x) + 1;
}
