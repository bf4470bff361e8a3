// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// INSTR_LOCK at methods of a class, in its header: `this` is parameter 0. What may throw is an invoke, and the hook behind it
// on the way of a return. A bool says whether the lock was had. A setting wins over the source.
//
// RUN: %irxx -O0 -g -I%include %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O2 -g -I%include %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=acquire=Spin::lock(lock=0,mode=read)" %irxx -O0 -g -I%include %s | FileCheck %s --check-prefix=SETTING
// RUN: not %clangxx -c -DWRONG='"take(lock=0)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=WORD
// RUN: not %clangxx -c -DWRONG='"try_acquire(lock=0)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=LESS
// RUN: not %clangxx -c -DWRONG='"acquire(lock=1)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not %clangxx -c -DWRONG='"acquire(lock=0,success=zero)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=RESULT
// RUN: env "INSTR_OPTIONS=release=unlock" not %clangxx -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=FORM
//
// CHECK-DAG: c"_ZN4Spin4lockEv\1Fguard\00"
// CHECK-LABEL: define{{.*}} @_Z3usev(
// CHECK: call void @__instr_acquiring({{.*}}@_ZL5guard{{.*}}, {{.*}}@__instr_site._Z3usev.1
// CHECK: call void @__instr_acquired({{.*}}@_ZL5guard{{.*}}, i64 {{.*}}1, {{.*}}@__instr_site._Z3usev.1
// CHECK: call void @__instr_tried({{.*}}@_ZL5guard{{.*}}, i64 %{{.*}}, {{.*}}@__instr_site._Z3usev.2
// CHECK: call void @__instr_releasing({{.*}}@_ZL5guard{{.*}}, {{.*}}@__instr_site._Z3usev.3
// SETTING: @__instr_site._Z3usev.1 = {{.*}}, i32 591619 }
// WORD: error: instr: INSTR_LOCK("take(lock=0)") of wrong(int*, int): it takes acquire(lock=N), try_acquire(lock=N,success=nonzero) or release(lock=N)
// LESS: error: instr: INSTR_LOCK("try_acquire(lock=0)") of wrong(int*, int): it takes
// TYPE: error: instr: INSTR_LOCK("acquire(lock=1)"): parameter 1 of wrong(int*, int) is no pointer
// RESULT: error: instr: INSTR_LOCK("acquire(lock=0,success=zero)"): wrong(int*, int) returns nothing that says whether it has the lock
// FORM: error: instr: INSTR_OPTIONS: setting 'release' cannot be 'unlock'; it takes a function with the number of its parameter, as in my_unlock(lock=0)
#include "instr/instr.h"

void waits();
class Spin {
	int word = 0;
public:
	INSTR_LOCK("acquire(lock=0)") void lock()
	{
		while (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE))
			waits();
	}
	INSTR_LOCK("try_acquire(lock=0,success=nonzero)") bool try_lock() { return !__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE); }
	INSTR_LOCK("release(lock=0)") void unlock() { __atomic_store_n(&word, 0, __ATOMIC_RELEASE); }
};
#ifdef WRONG
INSTR_LOCK(WRONG) void wrong(int *, int) {}
#endif
static Spin guard;
int use()
{
	try {
		guard.lock();
	} catch (int) {
		return 7;
	}
	bool got = guard.try_lock();
	guard.unlock();
	return got;
}
