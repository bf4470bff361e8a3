// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: %ir -O1 -Xclang -mllvm -Xclang -instr=heap=off %s | FileCheck %s
// RUN: env INSTR_OPTIONS=heap=off %ir -O1 %s | FileCheck %s
// RUN: env INSTR_OPTIONS=heap=off %ir -O1 -Xclang -mllvm -Xclang -instr=heap=on %s | FileCheck %s --check-prefix=ON
// CHECK-NOT: __instr_site
// CHECK: c"unwind=on:heap=off:block=on:lock=on:thread=on:tail=call:lto=pre\00"
// CHECK: call preserve_allcc void @__instr_enter
// CHECK: call {{.*}} @malloc(i64
// ON: c"unwind=on:heap=on:block=on:lock=on:thread=on:tail=call:lto=pre\00"
// ON: call {{.*}} @__instr_alloc(i64
#include <stdlib.h>
void *f(size_t n)
{
	return malloc(n);
}
