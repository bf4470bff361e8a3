// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LTO does not inline across personalities: a function that needs one only for its hook takes that
// of C++ where the unit uses it, and one that cannot throw takes none.
//
// RUN: %irxx -O1 -DUSES %s > %t && FileCheck %s --check-prefixes=CHECK,CXX < %t && %verify < %t
// RUN: %irxx -O1 %s > %t && FileCheck %s --check-prefixes=CHECK,PLAIN < %t && %verify < %t
// CHECK-LABEL: define {{.*}} @_Z5plaini(
// CXX-SAME: personality {{.*}}@__gxx_personality_v0
// PLAIN-SAME: personality {{.*}}@__gcc_personality_v0
// CHECK-LABEL: define {{.*}} @_Z4leafPVi(
// CHECK-NOT: personality
// CHECK-SAME: {
int may_throw(int);
int plain(int x)
{
	return may_throw(x) + 1;
}
__attribute__((optnone, noinline)) int leaf(volatile int *x)
{
	return *x;
}
#ifdef USES
int catches(int x)
{
	try {
		return may_throw(x);
	} catch (...) {
		return 0;
	}
}
#endif
