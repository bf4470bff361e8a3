// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The call is the same as before, with any number of arguments; the hook behind it is given the result, the
// descriptor, and what they are. The program works as before.
//
// RUN: %ir -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: FileCheck %s --check-prefix=CHECKED < %t
// RUN: %ir -O1 -Xclang -mllvm -Xclang -instr=block=off %s | FileCheck %s --check-prefix=OFF
// RUN: env INSTR_OPTIONS=block=off %ir -O1 %s | FileCheck %s --check-prefix=OFF
// RUN: %clang -O0 %s %stub -o %t.0 && env STUB=off %t.0
// RUN: %clang -O2 %s %stub -o %t.2 && env STUB=off %t.2
//
// OFF-NOT: __instr_block
// OFF: call {{.*}} @read(
// OFF-NOT: __instr_block
//
// CHECK-LABEL: define{{.*}} @all(
// CHECK: [[T1:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin({{.*}} @__instr_site.all.1{{.*}})
// CHECK: [[FILE:%[0-9a-zA-Z._]+]] = {{(tail )?}}call i32 ({{[^)]*}}, ...) @open({{.*}}, i32 {{.*}}66, i32 {{.*}}384)
// CHECK: [[WIDE:%[0-9a-zA-Z._]+]] = sext i32 [[FILE]] to i64
// CHECK: call void @__instr_block_end(i64 [[T1]], i64 [[WIDE]], i32 -1, i32 17, {{.*}} @__instr_site.all.1{{.*}})
// CHECK: [[T2:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin({{.*}} @__instr_site.all.2{{.*}})
// CHECK: [[N2:%[0-9a-zA-Z._]+]] = {{(tail )?}}call i64 @read(i32 {{(noundef )?}}[[FD2:%[0-9a-zA-Z._]+]],
// CHECK: call void @__instr_block_end(i64 [[T2]], i64 [[N2]], i32 [[FD2]], i32 6, {{.*}} @__instr_site.all.2{{.*}})
// CHECK: [[T3:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin({{.*}} @__instr_site.all.3{{.*}})
// CHECK: [[N3:%[0-9a-zA-Z._]+]] = {{(tail )?}}call i64 @recv(i32
// CHECK: call void @__instr_block_end(i64 [[T3]], i64 [[N3]], i32 {{.*}}, i32 10, {{.*}} @__instr_site.all.3{{.*}})
// CHECK: [[T4:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin({{.*}} @__instr_site.all.4{{.*}})
// CHECK: {{(tail )?}}call i32 @usleep(i32 {{.*}}1)
// CHECK: call void @__instr_block_end(i64 [[T4]], i64 {{.*}}, i32 -1, i32 1, {{.*}} @__instr_site.all.4{{.*}})
// CHECK: [[T5:%[0-9a-zA-Z._]+]] = call i64 @__instr_block_begin({{.*}} @__instr_site.all.5{{.*}})
// CHECK: {{(tail )?}}call void @sync()
// CHECK: call void @__instr_block_end(i64 [[T5]], i64 0, i32 -1, i32 0, {{.*}} @__instr_site.all.5{{.*}})
//
// What libc makes of read where it checks the length goes by the name in the source.
// CHECKED: c"read\00"
// CHECKED-NOT: c"__read_chk
// CHECKED-LABEL: define{{.*}} @checked(
// CHECKED: call i64 @__instr_block_begin({{.*}} @__instr_site.checked.1{{.*}})
// CHECKED: call i64 @__read_chk(i32
// CHECKED: call void @__instr_block_end(i64 {{.*}}, i32 6, {{.*}} @__instr_site.checked.1{{.*}})
//
// No hook is called through the lazy resolver.
// CHECK-DAG: declare i64 @__instr_block_begin({{.*}}) [[ATTRIBUTES:#[0-9]+]]
// CHECK-DAG: attributes [[ATTRIBUTES]] = { nounwind nonlazybind }
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
__attribute__((noinline)) int all(const char *name, int descriptor, char *bytes, int really)
{
	int file = open(name, O_RDWR | O_CREAT, 0600);
	long sum = read(descriptor, bytes, 3);
	sum += recv(descriptor, bytes, 3, MSG_DONTWAIT);
	usleep(1);
	if (really)
		sync();
	return file >= 0 && sum == 1;
}
long __read_chk(int, void *, unsigned long, unsigned long);
__attribute__((noinline)) long checked(int descriptor, unsigned long count)
{
	char bytes[10];
	return __read_chk(descriptor, bytes, count, sizeof(bytes)) + bytes[0];
}
int main(int argc, char **argv)
{
	int ends[2];
	char bytes[4];
	if (pipe(ends) || write(ends[1], "ab", 2) != 2)
		return 1;
	return !all("/dev/null", ends[0], bytes, argc > 1) || (argc > 1 && checked(ends[0], 1));
}
