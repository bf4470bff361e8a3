// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A throw through several frames, among them one whose catch clauses do not match: every enter has
// its exit or unwind, at every level, static too.
//
// RUN: %clangxx -std=c++17 -O0 %s %stub -o %t.0 && %t.0 2>&1 | FileCheck %s
// RUN: %clangxx -std=c++17 -O2 %s %stub -o %t.2 && %t.2 2>&1 | FileCheck %s
// RUN: %clangxx -std=c++17 -O2 -static %s %stub -o %t.s && %t.s 2>&1 | FileCheck %s
// RUN: %clangxx -std=c++17 -O2 %s %stub -Xclang -mllvm -Xclang -instr=tail=keep -o %t.k
// RUN: %t.k 2>&1 | FileCheck %s
// RUN: %barexx -std=c++17 -O2 %s -o %t.b && %t.b | FileCheck %s --check-prefix=OUT
//
// OUT: caught 8
// CHECK: caught 8
// CHECK-DAG: _Z6middlei {{.*}} enter=8 exit=4 unwind=4
// CHECK-DAG: _Z7throweri {{.*}} enter=8 exit=4 unwind=4
// CHECK-DAG: _Z9wrongtypei {{.*}} enter=8 exit=4 unwind=4
// CHECK-DAG: _Z8filteredi {{.*}} enter=8 exit=4 unwind=4
// CHECK-DAG: main {{.*}} enter=1 exit=1
#include <cstdio>
#define SEEN __attribute__((noinline))
static volatile int sink;
SEEN int thrower(int x)
{
	sink = x;
	if (x & 1)
		throw x;
	return x;
}
SEEN int wrongtype(int x)
{
	try {
		return thrower(x) + sink;
	} catch (double) {
		return -1;
	} catch (const char *) {
		return -2;
	}
}
struct Guard {
	int x;
	~Guard() { sink += x; }
};
SEEN int middle(int x)
{
	Guard guard{x};
	int r = wrongtype(x);
	return r + sink;
}
SEEN int filtered(int x)
{
	return middle(x) + 1;
}
int main()
{
	int caught = 0;
	for (int i = 0; i < 8; i++)
		try {
			filtered(i);
		} catch (int x) {
			caught += x - 2;
		}
	std::printf("caught %d\n", caught);
	std::fflush(stdout);
}
