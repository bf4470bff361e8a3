// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tail=keep: the exit is recorded before an ordinary tail call, also where the optimiser has joined
// the returns; mutual recursion ten million deep runs in constant stack, as without hooks.
//
// RUN: %ir -O2 -Xclang -mllvm -Xclang -instr=tail=keep %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 %s > %t && FileCheck %s --check-prefix=CALL < %t
// RUN: %clang -O2 -DDEEP %s %stub -Xclang -mllvm -Xclang -instr=tail=keep:deny=odd:deny=even -o %t.bare && %t.bare
// RUN: %clang -O2 -DDEEP %s %stub -Xclang -mllvm -Xclang -instr=tail=keep -o %t.keep
// RUN: (ulimit -s 1024; env STUB=off %t.keep)
//
// CHECK-LABEL: define {{.*}} @hands_on(
// CHECK: call preserve_allcc void @__instr_tail({{.*}}@__instr_row.hands_on
// CHECK-NEXT: tail call i32 @other(
// CHECK-NEXT: ret i32
// CHECK-NOT: __instr_exit
// CHECK: }
// CHECK-LABEL: define {{.*}} @joined(
// CHECK-DAG: call preserve_allcc void @__instr_tail
// CHECK-DAG: tail call i32 @other(
// CHECK-DAG: tail call i32 @another(
// CHECK-DAG: call preserve_allcc void @__instr_exit
// CHECK: }
// CALL-LABEL: define {{.*}} @hands_on(
// CALL-NOT: __instr_tail
// CALL: tail call i32 @other(
// CALL-NEXT: call preserve_allcc void @__instr_exit
int other(int);
int another(int);
#ifndef DEEP
int hands_on(int x)
{
	return other(x + 1);
}
int joined(int x)
{
	if (x > 5)
		return other(x);
	if (x < -5)
		return another(x);
	return x * x;
}
#else
int odd(unsigned n);
__attribute__((noinline)) int even(unsigned n)
{
	return n ? odd(n - 1) : 1;
}
__attribute__((noinline)) int odd(unsigned n)
{
	return n ? even(n - 1) : 0;
}
int main(void)
{
	return !even(10000000);
}
#endif
