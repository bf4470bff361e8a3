// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: %ir -O2 %s | FileCheck %s
// CHECK-DAG: @__instr_row.fixed = {{.*}}, i32 1 }
// CHECK-DAG: @__instr_row.grows = {{.*}}, i32 33 }
// CHECK-DAG: @__instr_row.array = {{.*}}, i32 33 }
void use(void *);
void fixed(void)
{
	char small[100];
	use(small);
}
void grows(int n)
{
	use(__builtin_alloca(n));
}
void array(int n)
{
	for (int i = 1; i < n; i++) {
		char all[i];
		use(all);
	}
}
