// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ThreadSanitizer finds locks that are taken in a circle, unless they are tried.
//
// RUN: %ir -O1 -fsanitize=thread %s > %t && FileCheck %s < %t && %verify < %t
#include <pthread.h>

pthread_mutex_t lock;

// CHECK-LABEL: @take(
// CHECK: call i32 @__instr_lock({{.*}}@lock, {{.*}}, {{.*}}@pthread_mutex_lock{{.*}}, {{(i8\*|ptr)}} null)
void take(void)
{
	pthread_mutex_lock(&lock);
}

// CHECK-LABEL: @take_unseen(
// CHECK: call i32 @__instr_lock({{.*}}@lock, {{.*}}, {{.*}}@pthread_mutex_lock{{.*}}@pthread_mutex_trylock
__attribute__((no_sanitize("thread"), noinline)) void take_unseen(void)
{
	pthread_mutex_lock(&lock);
}
