// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an allocator of the program's own takes from others is its own business; that it takes a lock is not: all that
// allocate wait for that. So it is of one that is declared, also where it is inlined, and of one that has a known name.
//
// RUN: env "INSTR_OPTIONS=alloc=take(size=0):acquire=spin(lock=0)" %ir -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=take(size=0):acquire=spin(lock=0)" %ir -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=take(size=0):acquire=spin(lock=0)" %ir -O2 %s | FileCheck %s --check-prefix=INLINED
// RUN: env "INSTR_OPTIONS=lock=off:alloc=take(size=0):acquire=spin(lock=0)" %ir -O2 %s | FileCheck %s --check-prefix=OFF
// OFF-NOT: @__instr_lock
// OFF-NOT: @__instr_acquir
//
// CHECK-LABEL: define{{.*}} @take(
// CHECK-NOT: @__instr_alloc
// CHECK: call i32 {{.*}}@__instr_lock{{.*}}@pthread_mutex_lock
// CHECK-NOT: @__instr_alloc
// CHECK: call void @__instr_acquiring(
// CHECK: call void @__instr_acquired(
// CHECK-NOT: @__instr_alloc
// CHECK: call i32 {{.*}}@__instr_unlock{{.*}}@pthread_mutex_unlock
// CHECK: ret
// CHECK-LABEL: define{{.*}} @malloc(
// CHECK-NOT: @__instr_alloc
// CHECK: call i32 {{.*}}@__instr_lock{{.*}}@pthread_mutex_lock
// CHECK-NOT: @__instr_alloc
// CHECK: ret
//
// INLINED-LABEL: define{{.*}} @user(
// INLINED-NOT: call {{.*}}@take(
// INLINED: call i32 {{.*}}@__instr_lock{{.*}}@pthread_mutex_lock
// INLINED-NOT: @__instr_calloc
// INLINED: call void @__instr_allocated(
// INLINED: ret
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock;
static char room[1000];
void spin(pthread_mutex_t *);

void *take(size_t n)
{
	pthread_mutex_lock(&lock);
	spin(&lock);
	void *p = calloc(1, n);
	pthread_mutex_unlock(&lock);
	return p;
}

void *malloc(size_t n)
{
	pthread_mutex_lock(&lock);
	void *p = n > sizeof(room) ? calloc(1, n) : room;
	pthread_mutex_unlock(&lock);
	return p;
}

void *user(void)
{
	return take(5);
}
