// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A system call, fcntl, flock and lockf have hooks around them where they wait for a futex or a file's lock; none where it
// is known that they do not; and where it is not known, the first hook is given what decides. No system call but one that
// may put up a filter, or any, is told of as one that may.
//
// RUN: %ir -O0 -g %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 -g %s > %t && FileCheck %s < %t && %verify < %t
//
// CHECK-DAG: c"futex\1Fgate.word\00"
// CHECK-DAG: c"futex\00"
// CHECK-DAG: c"fcntl\00"
// CHECK-DAG: c"flock\00"
// CHECK-DAG: c"lockf\00"
//
// CHECK-LABEL: define{{.*}} @wrapped(
// CHECK-NOT: __instr_block_shut
// CHECK: [[T1:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin_if(i64 202, i64 %{{.*}}, i32 1, {{.*}}@__instr_site.wrapped.1{{.*}})
// CHECK: call i64 (i64, ...) @syscall(
// CHECK: call void @__instr_block_end(i64 [[T1]], i64 %{{.*}}, i32 -1, i32 1, {{.*}}@__instr_site.wrapped.1{{.*}})
//
// CHECK-LABEL: define{{.*}} @any(
// CHECK: call void @__instr_block_shut(
// CHECK: call i64 @__instr_block_begin_if(i64 %{{.*}}, i64 %{{.*}}, i32 1,
// CHECK: call i64 (i64, ...) @syscall(
// CHECK: call void @__instr_block_end(
//
// CHECK-LABEL: define{{.*}} @futexes(
// CHECK-NOT: __instr_block_shut
// CHECK: call i64 @__instr_block_begin(
// CHECK: call i64 (i64, ...) @syscall(i64 {{.*}}202,
// CHECK: call void @__instr_block_end(
// CHECK-NOT: __instr_block
// CHECK: call i64 (i64, ...) @syscall(i64 {{.*}}202,
// CHECK-NOT: __instr_block
// CHECK: call i64 (i64, ...) @syscall(i64 {{.*}}186)
// CHECK: call i64 @__instr_block_begin(
// CHECK: call i64 (i64, ...) @syscall(i64 {{.*}}449,
// CHECK: call void @__instr_block_end(
// CHECK-NOT: __instr_block
// CHECK: ret
//
// CHECK-LABEL: define{{.*}} @locks(
// CHECK: call i64 @__instr_block_begin(
// CHECK: call i32 (i32, i32, ...) @fcntl(i32 {{.*}}, i32 {{.*}}7,
// CHECK: call void @__instr_block_end(i64 %{{.*}}, i64 %{{.*}}, i32 %{{.*}}, i32 5,
// CHECK-NOT: __instr_block
// CHECK: call i32 (i32, i32, ...) @fcntl(i32 {{.*}}, i32 {{.*}}6,
// CHECK-NOT: __instr_block
// CHECK: call i32 (i32, i32, ...) @fcntl(i32 {{.*}}, i32 {{.*}}3)
// CHECK: call i64 @__instr_block_begin(
// CHECK: call i32 @flock(i32 {{.*}}, i32 {{.*}}2)
// CHECK: call void @__instr_block_end(
// CHECK-NOT: __instr_block
// CHECK: call i32 @flock(i32 {{.*}}, i32 {{.*}}6)
// CHECK-NOT: __instr_block
// CHECK: call i32 @flock(i32 {{.*}}, i32 {{.*}}8)
// CHECK: call i64 @__instr_block_begin(
// CHECK: call i32 @lockf(i32 {{.*}}, i32 {{.*}}1,
// CHECK: call void @__instr_block_end(
// CHECK-NOT: __instr_block
// CHECK: call i32 @lockf(i32 {{.*}}, i32 {{.*}}2,
// CHECK: ret
//
// CHECK-LABEL: define{{.*}} @either(
// CHECK: call i64 @__instr_block_begin_if(i64 %{{.*}}, i64 %{{.*}}, i32 4,
// CHECK: call i32 (i32, i32, ...) @fcntl(
// CHECK: call void @__instr_block_end(
// CHECK: call i64 @__instr_block_begin_if(i64 %{{.*}}, i64 %{{.*}}, i32 2,
// CHECK: call i32 @flock(
// CHECK: call void @__instr_block_end(
// CHECK: call i64 @__instr_block_begin_if(i64 %{{.*}}, i64 %{{.*}}, i32 3,
// CHECK: call i32 @lockf(
// CHECK: call void @__instr_block_end(
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct { int used, word; } gate;

long wrapped(int *word, int operation, int value) { return syscall(SYS_futex, word, operation, value, 0, 0, 0); }

long any(long number, long a, long b) { return syscall(number, a, b); }

long futexes(void *several)
{
	long r = syscall(SYS_futex, &gate.word, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	r += syscall(SYS_futex, &gate.word, FUTEX_WAKE_PRIVATE, 1);
	r += syscall(SYS_gettid);
	return r + syscall(449, several, 2, 0, 0, 1);
}

int locks(int file, struct flock *l)
{
	int r = fcntl(file, F_SETLKW, l);
	r += fcntl(file, F_SETLK, l);
	r += fcntl(file, F_GETFL);
	r += flock(file, LOCK_EX);
	r += flock(file, LOCK_EX | LOCK_NB);
	r += flock(file, LOCK_UN);
	r += lockf(file, F_LOCK, 1);
	return r + lockf(file, F_TLOCK, 1);
}

int either(int file, int how, struct flock *l)
{
	int r = fcntl(file, how, l);
	r += flock(file, how);
	return r + lockf(file, how, 1);
}
