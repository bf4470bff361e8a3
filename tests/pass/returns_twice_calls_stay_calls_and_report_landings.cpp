// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// setjmp stays a call although it may throw by its declaration; every landing is told with the
// frame's address; the row says so.
//
// RUN: %irxx -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clangxx -O0 %s %stub -o %t.0 && %t.0 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clangxx -O2 %s %stub -o %t.2 && %t.2 2>&1 | FileCheck %s --check-prefix=RAN
//
// RAN: _Z5lands{{.*}} flags=41 enter=1 exit=1 landed=3
extern "C" int __attribute__((returns_twice)) _setjmp(void *);
extern "C" [[noreturn]] void longjmp(void *, int);
static long buffer[64];
// CHECK-LABEL: define {{.*}} @_Z4jumpi(
__attribute__((noinline)) void jump(int n)
{
	longjmp(buffer, n);
}
// CHECK-LABEL: define {{.*}} @_Z5landsv(
// CHECK: [[R:%.*]] = call i32 @_setjmp({{.*}}) [[TWICE:#[0-9]+]]
// CHECK-NEXT: [[FRAME:%.*]] = call {{(i8\*|ptr)}} @llvm.frameaddress.p0{{(i8)?}}(i32 0)
// CHECK-NEXT: call preserve_allcc void @__instr_landed({{.*}}@__instr_row._Z5landsv{{.*}}, {{(i8\*|ptr)}} [[FRAME]])
// A call that is an invoke already is told on its normal edge; the compiler's own setjmp as well.
// CHECK-LABEL: define {{.*}} @_Z6in_tryv(
// CHECK: invoke i32 @_setjmp(
// CHECK-NEXT: to label %[[NORMAL:.*]] unwind
// CHECK: {{^}}[[NORMAL]]:
// CHECK-NEXT: call {{.*}} @llvm.frameaddress
// CHECK-NEXT: call preserve_allcc void @__instr_landed
// CHECK-LABEL: define {{.*}} @_Z7builtinv(
// CHECK: call i32 @llvm.eh.sjlj.setjmp(
// CHECK: call preserve_allcc void @__instr_landed
// CHECK: attributes [[TWICE]] = { returns_twice }
__attribute__((noinline)) int lands()
{
	volatile int n = 0;
	if (_setjmp(buffer) < 2) {
		n = n + 1;
		jump(n);
	}
	return n;
}
__attribute__((noinline)) int in_try()
{
	try {
		return _setjmp(buffer);
	} catch (int) {
		return 1;
	}
}
__attribute__((noinline)) int builtin()
{
	static void *five[5];
	return __builtin_setjmp(five);
}
int main()
{
	return lands() != 2 || in_try() || builtin();
}
