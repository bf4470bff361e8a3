// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Not by that which the linker has for a variable of C++: static, of a namespace, of a class.
//
// RUN: %irxx -O0 -g %s | FileCheck %s
// RUN: %irxx -O2 -g %s | FileCheck %s
//
// CHECK-DAG: c"pthread_mutex_lock\1Fqueue.lock\00"
// CHECK-DAG: c"pthread_mutex_lock\1Fpool::(anonymous namespace)::big\00"
// CHECK-DAG: c"pthread_mutex_lock\1Fpool::Table::all\00"
// CHECK-DAG: c"pthread_mutex_lock\1Fb\00"
// CHECK-DAG: c"sem_wait\1Fpool::free\00"
#include <pthread.h>
#include <semaphore.h>

pthread_mutex_t b; // not "bool", as a demangler might take it
static struct { int used; pthread_mutex_t lock; } queue;
namespace pool {
namespace { pthread_mutex_t big; }
struct Table { static pthread_mutex_t all; };
pthread_mutex_t Table::all;
sem_t free;
}

int all()
{
	int r = pthread_mutex_lock(&queue.lock);
	r += pthread_mutex_lock(&pool::big);
	r += pthread_mutex_lock(&pool::Table::all);
	r += pthread_mutex_lock(&b);
	return r + sem_wait(&pool::free);
}
