// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// INSTR_ALLOCATOR at a definition, with any clang. A setting for the same function wins.
//
// RUN: %ir -O0 -I%include %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 -I%include %s > %t && FileCheck %s < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=alloc=here(size=1)" %ir -O0 -I%include %s | FileCheck %s --check-prefix=SETTING
// RUN: not %clang -c -DWRONG='"aloc(size=0)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=WORD
// RUN: not %clang -c -DWRONG='"free(ptr=1)"' %s -o %t.o 2>&1 | FileCheck %s --check-prefix=TYPE
//
// CHECK-LABEL: define{{.*}} @use(
// CHECK: call void @__instr_allocated({{.*}}, i64 {{.*}}7, {{.*}}@__instr_site.use.1
// SETTING: call void @__instr_allocated({{.*}}, i64 8,
// WORD: error: instr: INSTR_ALLOCATOR("aloc(size=0)") of wrong: it takes alloc(size=N), alloc(count=N,size=N), free(ptr=N) or realloc(ptr=N,size=N)
// WORD-NOT: error:
// TYPE: error: instr: INSTR_ALLOCATOR("free(ptr=1)"): parameter 1 of wrong is no pointer
#include <stddef.h>
#include "instr/instr.h"
char room[99];
INSTR_ALLOCATOR("alloc(size=0)") __attribute__((noinline)) void *here(size_t n, size_t m)
{
	return room + n + m;
}
#ifdef WRONG
INSTR_ALLOCATOR(WRONG) void *wrong(void *p, size_t n)
{
	return (char *)p + n;
}
#endif
void *use(int which)
{
	return which ? here(7, 8) : NULL;
}
