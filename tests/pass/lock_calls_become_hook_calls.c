// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of the table, at any level: the same arguments, then the site's row, what was called, and what may be tried
// first. Locks in global variables have names. (The first site is of what blocks, waits_for_conditions_have_both_hooks.c.)
//
// RUN: %ir -O0 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O1 -Xclang -mllvm -Xclang -instr=lock=off %s | FileCheck %s --check-prefix=OFF
// RUN: %ir -O1 -Xclang -mllvm -Xclang -instr=heap=off %s | FileCheck %s --check-prefix=HEAP-OFF
//
// CHECK-DAG: c"pthread_mutex_lock\1Ftable.shards[3].lock\00"
// CHECK-DAG: c"pthread_mutex_lock\1Ftable.shards[].lock\00"
// CHECK-DAG: c"pthread_mutex_lock\1Fone\00"
// CHECK-DAG: c"pthread_mutex_lock\00"
// CHECK-DAG: c"pthread_cond_wait\1Fone\00"
// CHECK-LABEL: define{{.*}} @all(
// CHECK: call i32 @__instr_lock({{.*}} @__instr_site.all.2{{.*}}@pthread_mutex_lock{{.*}}@pthread_mutex_trylock{{.*}})
// CHECK: call i32 @__instr_trylock({{.*}} @__instr_site.all.3{{.*}}@pthread_mutex_trylock{{.*}}null)
// CHECK: call i32 @__instr_lock1({{.*}} @__instr_site.all.4{{.*}}@pthread_mutex_timedlock{{.*}}@pthread_mutex_trylock{{.*}})
// CHECK: call i32 @__instr_clocklock({{.*}}, i32 {{.*}}1, {{.*}} @__instr_site.all.5{{.*}}@pthread_mutex_clocklock{{.*}}null)
// CHECK: call i32 @__instr_unlock({{.*}} @__instr_site.all.6{{.*}}@pthread_mutex_unlock{{.*}}null)
// CHECK: call i32 {{.*}}@__instr_lock{{.*}} @__instr_site.all.7{{.*}}@pthread_rwlock_rdlock{{.*}}null)
// CHECK: call i32 {{.*}}@__instr_lock{{.*}} @__instr_site.all.8{{.*}}@pthread_rwlock_wrlock{{.*}}@pthread_rwlock_trywrlock{{.*}})
// CHECK: call i32 {{.*}}@__instr_lock{{.*}} @__instr_site.all.9{{.*}}@pthread_spin_lock{{.*}}@pthread_spin_trylock{{.*}})
// CHECK: call i32 {{.*}}@__instr_cond_wait{{.*}} @__instr_site.all.10{{.*}}@pthread_cond_wait{{.*}}null)
// CHECK-LABEL: define{{.*}} @in_a_global(
// CHECK: call i32 @__instr_lock(
// CHECK: call i32 @__instr_lock(
//
// OFF-NOT: @__instr_lock
// OFF: call i32 @pthread_mutex_lock(
// OFF: call {{.*}} @__instr_alloc(
// HEAP-OFF: call i32 @__instr_lock(
// HEAP-OFF: call {{.*}} @malloc(
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

struct shard { int used; pthread_mutex_t lock; };
static struct { int x; struct shard shards[4]; } table;
static pthread_mutex_t one;

int all(pthread_mutex_t *m, pthread_rwlock_t *rw, pthread_spinlock_t *s, pthread_cond_t *c, const struct timespec *t)
{
	int r = pthread_mutex_lock(m);
	r += pthread_mutex_trylock(m);
	r += pthread_mutex_timedlock(m, t);
	r += pthread_mutex_clocklock(m, 1, t);
	r += pthread_mutex_unlock(m);
	r += pthread_rwlock_rdlock(rw);
	r += pthread_rwlock_wrlock(rw);
	r += pthread_spin_lock(s);
	return r + pthread_cond_wait(c, &one);
}

void in_a_global(int i)
{
	pthread_mutex_lock(&one);
	pthread_mutex_lock(&table.shards[3].lock);
	pthread_mutex_lock(&table.shards[i].lock);
}

void *allocates(size_t n)
{
	return malloc(n);
}
