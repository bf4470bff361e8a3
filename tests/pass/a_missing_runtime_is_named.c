// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: not %clang -O1 %s -o %t 2>&1 | FileCheck %s
// CHECK: __instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt
int main(void)
{
	return 0;
}
