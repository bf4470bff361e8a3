// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function of such a name that the module defines itself is its own business; where only what would be tried is its
// own, nothing is.
//
// RUN: %ir -O1 %s > %t && FileCheck %s < %t && %verify < %t
// CHECK: define{{.*}} @pthread_mutex_trylock(
// CHECK-NOT: call i32 @__instr_
// CHECK: ret
// CHECK: define{{.*}} @takes(
// CHECK: call i32 @__instr_lock({{.*}}@pthread_mutex_lock{{.*}}null)
// CHECK-NOT: @__instr_trylock
int pthread_mutex_lock(void *lock);
__attribute__((noinline)) int pthread_mutex_trylock(void *lock)
{
	return pthread_mutex_lock(lock);
}
int takes(void *lock)
{
	return pthread_mutex_lock(lock) + pthread_mutex_trylock(lock);
}
