// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// REQUIRES: sanitizers
// RUN: %clangxx -O1 -g -fsanitize=address,undefined %s %stub -o %t.a && %t.a 2>&1 | FileCheck %s
// RUN: %clangxx -O1 -g -fprofile-instr-generate -fcoverage-mapping %s %stub -o %t.p
// RUN: env LLVM_PROFILE_FILE=%t.profraw %t.p 2>&1 | FileCheck %s
// CHECK: register {{.*}} rows=[[#]] skipped=0
// CHECK-NOT: ERROR
// CHECK: _Z4makei {{.*}} enter=1 exit=1
#include <memory>
__attribute__((noinline)) std::unique_ptr<int> make(int x)
{
	return std::make_unique<int>(x);
}
int main()
{
	return *make(3) - 3;
}
