// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: not %clang -m32 -ffreestanding -c %s -o %t.o 2>&1 | FileCheck %s
// RUN: not %clang --target=x86_64-linux-gnux32 -c %s -o %t.o 2>&1 | FileCheck %s
// CHECK: error: instr: only x86-64 Linux is supported for now, not {{i386|x86_64.*x32}}
int f(void)
{
	return 1;
}
