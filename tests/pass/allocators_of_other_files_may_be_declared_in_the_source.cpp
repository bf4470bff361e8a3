// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// INSTR_ALLOCATOR at a declaration: older clangs tell the plugin nothing of it.
//
// REQUIRES: at-least-18
// RUN: %irxx -O0 -I%include %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -O2 -I%include %s > %t && FileCheck %s < %t && %verify < %t
//
// CHECK-LABEL: define{{.*}} @use(
// CHECK: call {{.*}}@elsewhere(
// CHECK-NEXT: call void @__instr_allocated({{.*}}, i64 9, {{.*}}@__instr_site.use.1
// CHECK: call {{.*}}@_ZN5Arena4takeEm(
// CHECK-NEXT: call void @__instr_allocated({{.*}}, i64 8, {{.*}}@__instr_site.use.2
#include "instr/instr.h"
using bytes = __SIZE_TYPE__;
extern "C" INSTR_ALLOCATOR("alloc(size=0)") void *elsewhere(bytes n) noexcept;
struct Arena {
	INSTR_ALLOCATOR("alloc(size=1)") void *take(bytes n) noexcept;
};
extern "C" bool use(Arena *arena)
{
	void *p = elsewhere(9);
	return p == arena->take(8);
}
