// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The list of skipped functions is not referenced by any code: it must survive the optimiser and
// both linkers, with --gc-sections too, and go when its function goes.
//
// REQUIRES: lld
// RUN: %clang -O2 -g -ffunction-sections -c %s -o %t.o
// RUN: for ld in -fuse-ld=bfd %lld "%lld -Wl,-z,start-stop-gc" "-fuse-ld=bfd -Wl,-z,start-stop-gc"; do \
// RUN:   echo $ld; %bare $ld -Wl,--gc-sections %t.o %stub -o %t.x || exit 1; \
// RUN:   env STUB=off %t.x 2>&1 | FileCheck %s || exit 1; done
// CHECK: rows=1 skipped=1
// CHECK: skipped lives reason=5 skipped_functions_are_listed_while_they_exist.c:[[#@LINE+2]]
#define SKIP __attribute__((noinline, annotate("instr_skip")))
SKIP int lives(volatile int *x) { return *x; }
SKIP int dies(volatile int *x) { return *x; }
int main(void)
{
	volatile int x = 0;
	return lives(&x);
}
