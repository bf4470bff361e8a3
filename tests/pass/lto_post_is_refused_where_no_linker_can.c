// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// REQUIRES: !at-least-16
// RUN: not %clang -O1 -flto -Xclang -mllvm -Xclang -instr=lto=post -c %s -o %t.o 2>&1 | FileCheck %s
// CHECK: error: instr: lto=post needs LLVM 16 or newer
//
// Without LTO the setting means nothing.
// RUN: %ir -O1 -Xclang -mllvm -Xclang -instr=lto=post %s | grep 'call.*__instr_enter'
int f(void)
{
	return 1;
}
