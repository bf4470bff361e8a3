// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: %clangxx -O1 %s %stub -o %t.x && %t.x 2>&1 | FileCheck %s
// RUN: %clangxx -O1 -static %s %stub -o %t.s && %t.s 2>&1 | FileCheck %s
// CHECK: register
// CHECK: first constructor
// CHECK: last destructor
// CHECK-NEXT: unregister
#include <unistd.h>
#define SAY(text) (void)!write(2, text "\n", sizeof text)
__attribute__((constructor(101))) static void first()
{
	SAY("first constructor");
}
__attribute__((destructor(101))) static void last()
{
	SAY("last destructor");
}
int main() {}
