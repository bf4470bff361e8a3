// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With tail=keep an exit is recorded before a tail call. What is allocated is the function's own, so a call
// of an allocator is no tail call: it comes before the exit.
//
// RUN: env INSTR_OPTIONS=tail=keep %ir -O2 %s | FileCheck %s
#include <stdlib.h>
void *take(size_t bytes)
{
	// CHECK-LABEL: @take(
	// CHECK: [[BLOCK:%[0-9a-z]+]] = call {{.*}}@__instr_alloc(
	// CHECK-NEXT: call {{.*}}@__instr_exit(
	// CHECK-NEXT: ret {{.*}}[[BLOCK]]
	return malloc(bytes);
}
