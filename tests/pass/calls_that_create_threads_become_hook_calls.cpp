// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pthread_create and thrd_create become hooks that are given what they are, and their places. The call that std::thread
// starts its thread with stays as it is, between two hooks; behind an invoke the second is on the way of a return.
//
// RUN: %irxx -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O1 -Xclang -mllvm -Xclang -instr=thread=off %s | FileCheck %s --check-prefix=OFF
// RUN: env INSTR_OPTIONS=thread=off %irxx -O1 %s | FileCheck %s --check-prefix=OFF
//
// OFF-NOT: __instr_thread
//
// CHECK-LABEL: define{{.*}} @plain(
// CHECK: [[R1:%[0-9a-zA-Z._]+]] = {{.*}} i32 @__instr_pthread_create({{.*}} null, {{.*}}@work{{.*}}, {{.*}}, {{.*}}@__instr_site.plain.1{{.*}}, {{.*}}@pthread_create{{.*}})
// CHECK-NOT: @pthread_create(
// CHECK: add {{.*}}i32 [[R1]], 1
// CHECK-LABEL: define{{.*}} @c11(
// CHECK: [[R2:%[0-9a-zA-Z._]+]] = {{.*}} i32 @__instr_thrd_create({{.*}}@work11{{.*}}, {{.*}}, {{.*}}@__instr_site.c11.1{{.*}}, {{.*}}@thrd_create{{.*}})
// CHECK: add {{.*}}i32 [[R2]], 1
//
// CHECK-LABEL: define{{.*}} @cxx(
// CHECK: [[T3:%[0-9a-zA-Z._]+]] = call i64 @__instr_thread_begin()
// CHECK-NEXT: invoke void @_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE({{.*}})
// CHECK-NEXT: to label %[[RETURNED:[0-9a-zA-Z._]+]] unwind label
// CHECK: {{^}}[[RETURNED]]:
// CHECK: call void @__instr_thread_end(i64 [[T3]], {{.*}}, {{.*}} @__instr_site.cxx.1{{.*}})
//
// What is declared otherwise, or defined here, is something else.
// CHECK-LABEL: define{{.*}} @others(
// CHECK-NOT: __instr_thread
// CHECK: ret i32
//
// No hook is called through the lazy resolver.
// CHECK-DAG: declare i64 @__instr_thread_begin() [[ATTRIBUTES:#[0-9]+]]
// CHECK-DAG: attributes [[ATTRIBUTES]] = { nounwind nonlazybind }
// CHECK-DAG: declare i32 @__instr_pthread_create({{.*}}) [[MORE:#[0-9]+]]
// CHECK-DAG: attributes [[MORE]] = { nonlazybind }
typedef unsigned long id;
extern "C" {
int pthread_create(id *, const void *, void *(*)(void *), void *);
int thrd_create(id *, int (*)(void *), void *);
void *work(void *);
int work11(void *);
}
namespace std {
struct state;
struct thread {
	id number;
	void start(void **state, void (*depend)()) __asm__("_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE");
};
}
struct owner {
	~owner();
};
extern "C" int plain(id *i) { return pthread_create(i, nullptr, work, i) + 1; }
extern "C" int c11(id *i) { return thrd_create(i, work11, i) + 1; }
extern "C" void cxx(std::thread *t, void **state)
{
	owner o;
	t->start(state, nullptr);
}
extern "C" int thrd_start(id *, int (*)(void *), void *);
extern "C" int others(id *i) { return thrd_start(i, work11, i) + 1; }
