// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A wait for a condition gives a lock back and takes it again, and blocks: a hook in its place, which goes by the name of
// the lock, and hooks around that, by the name of the condition. Each alone, where the other is off. Signals of conditions
// are of locks: what they wake waits for one.
//
// RUN: %ir -O0 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O1 -g -Xclang -mllvm -Xclang -instr=lock=off %s | FileCheck %s --check-prefix=BLOCK
// RUN: %ir -O1 -g -Xclang -mllvm -Xclang -instr=block=off %s | FileCheck %s --check-prefix=LOCK
//
// CHECK-DAG: c"pthread_cond_wait\1Fqueue.lock\00"
// CHECK-DAG: c"pthread_cond_wait\1Fqueue.not_empty\00"
// CHECK-DAG: c"cnd_timedwait\1Ftwo\00"
// CHECK-DAG: c"cnd_timedwait\1Fother\00"
// CHECK-LABEL: define{{.*}} @all(
// CHECK: [[T1:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin(
// CHECK-NEXT: [[R1:%[0-9a-zA-Z._]+]] = {{(tail )?}}call i32 @__instr_cond_wait({{.*}}@pthread_cond_wait{{.*}}null)
// CHECK: [[W1:%[0-9a-zA-Z._]+]] = sext i32 [[R1]] to i64
// CHECK: call void @__instr_block_end(i64 [[T1]], i64 [[W1]], i32 -1, i32 3, {{.*}} @__instr_site.all.{{.*}})
// CHECK: call i64 @__instr_block_begin(
// CHECK-NEXT: {{.*}}call i32 @__instr_cond_wait1({{.*}}@pthread_cond_timedwait{{.*}}null)
// CHECK: call void @__instr_block_end({{.*}}, i32 -1, i32 35, {{.*}})
// CHECK: call i64 @__instr_block_begin(
// CHECK-NEXT: {{.*}}call i32 {{.*}}@__instr_cond_clockwait{{.*}}@pthread_cond_clockwait{{.*}}null)
// CHECK: call void @__instr_block_end({{.*}}, i32 -1, i32 35, {{.*}})
// CHECK: call i64 @__instr_block_begin(
// CHECK-NEXT: {{.*}}call i32 {{.*}}@__instr_cond_wait{{.*}}@cnd_wait{{.*}}null)
// CHECK: call void @__instr_block_end({{.*}}, i32 -1, i32 3, {{.*}})
// CHECK: call i64 @__instr_block_begin(
// CHECK-NEXT: {{.*}}call i32 {{.*}}@__instr_cond_wait1{{.*}}@cnd_timedwait{{.*}}null)
// CHECK: call void @__instr_block_end({{.*}}, i32 -1, i32 35, {{.*}})
// CHECK-LABEL: define{{.*}} @wakes(
// CHECK-NOT: @__instr_block
// CHECK: call i32 {{.*}}@__instr_cond_signal{{.*}}@__instr_site.wakes.1{{.*}}@pthread_cond_signal{{.*}}null)
// CHECK: call i32 {{.*}}@__instr_cond_broadcast{{.*}}@pthread_cond_broadcast{{.*}}null)
// CHECK: call i32 {{.*}}@__instr_cond_signal{{.*}}@cnd_signal{{.*}}null)
// CHECK: call i32 {{.*}}@__instr_cond_broadcast{{.*}}@cnd_broadcast{{.*}}null)
// CHECK-NOT: @__instr_block
// CHECK: ret i32
//
// BLOCK-NOT: @__instr_cond
// BLOCK: call i64 @__instr_block_begin(
// BLOCK-NEXT: {{.*}}call i32 @pthread_cond_wait(
// BLOCK: call void @__instr_block_end(
// BLOCK-NOT: @__instr_cond
//
// LOCK-NOT: @__instr_block
// LOCK: {{.*}}call i32 @__instr_cond_wait(
// LOCK-NOT: @__instr_block
#define _GNU_SOURCE
#include <pthread.h>
#include <threads.h>

static struct { int used; pthread_mutex_t lock; pthread_cond_t not_empty; } queue;
static mtx_t two;
static cnd_t other;

int all(const struct timespec *t)
{
	int r = pthread_cond_wait(&queue.not_empty, &queue.lock);
	r += pthread_cond_timedwait(&queue.not_empty, &queue.lock, t);
	r += pthread_cond_clockwait(&queue.not_empty, &queue.lock, 1, t);
	r += cnd_wait(&other, &two);
	return r + cnd_timedwait(&other, &two, t);
}

int wakes(void)
{
	int r = pthread_cond_signal(&queue.not_empty);
	r += pthread_cond_broadcast(&queue.not_empty);
	r += cnd_signal(&other);
	return r + cnd_broadcast(&other);
}
