// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every row discarded by the linker: the bounds are null, the counts 0, in every kind of program.
//
// REQUIRES: lld
// RUN: %clang -O1 -ffunction-sections -fPIC -c %s -o %t.o && %bare -DMAIN -O1 -c %s -o %t.main.o
// RUN: for ld in -fuse-ld=bfd %lld; do for kind in "" -static -static-pie -no-pie; do \
// RUN:   echo $ld $kind; %bare $ld $kind -Wl,--gc-sections %t.main.o %t.o %stub -o %t.x || exit 1; \
// RUN:   %t.x 2>&1 | FileCheck %s || exit 1; done; \
// RUN:   %bare $ld -shared -Wl,--gc-sections,--exclude-libs,ALL,--version-script=%S/Inputs/nothing.map %t.o -o %t.so || exit 1; done
// CHECK: register abi=1 bytes=64 rows=0 skipped=0 symbols=1
#ifdef MAIN
int main(void)
{
	return 0;
}
#else
int dead(int x)
{
	return x;
}
__attribute__((annotate("instr_skip"))) int dead_and_skipped(int x)
{
	return x;
}
#endif
