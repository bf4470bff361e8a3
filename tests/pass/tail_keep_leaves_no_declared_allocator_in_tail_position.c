// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With tail=keep what allocates is no tail call: the hook stands behind it and the exit behind that. What
// frees stays one, with hook and exit before it.
//
// RUN: env "INSTR_OPTIONS=tail=keep:alloc=my_alloc(size=0):free=my_free(ptr=0)" %ir -O2 %s | FileCheck %s
#include <stddef.h>
void *my_alloc(size_t);
void my_free(void *);
void *take(size_t bytes)
{
	// CHECK-LABEL: @take(
	// CHECK: [[BLOCK:%[0-9a-z]+]] = {{.*}}call {{.*}}@my_alloc(
	// CHECK-NEXT: call void @__instr_allocated({{.*}}[[BLOCK]],
	// CHECK-NEXT: call {{.*}}@__instr_exit(
	// CHECK-NEXT: ret {{.*}}[[BLOCK]]
	return my_alloc(bytes);
}
void give(void *block)
{
	// CHECK-LABEL: @give(
	// CHECK: call void @__instr_freed(
	// CHECK-NEXT: call {{.*}}@__instr_tail(
	// CHECK-NEXT: tail call void @my_free(
	// CHECK-NEXT: ret
	my_free(block);
}
